use std::fmt;

use serde::{Deserialize, Serialize};

use super::KeptTable;
use crate::{TenantId, Unnarrowed};

/// What an erasure would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasurePlan {
    /// The tenant.
    pub tenant: TenantId,
    /// The tables, in the order in which they would be erased.
    pub tables: Vec<PlannedTable>,
    /// Rows of other tables that the database would delete or change with them.
    pub also: Vec<AlsoAffected>,
    /// Tables that would be left, and why.
    pub kept: Vec<KeptTable>,
    /// What holds copies that the erasure does not reach: materialised views and the like.
    pub elsewhere: Vec<String>,
    /// What [`run`](super::Erasure::run) would refuse for; nothing, where it would go through.
    pub obstacles: Vec<String>,
    /// Why no policy hides a row from it.
    pub row_security: Unnarrowed,
}

/// A table of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedTable {
    /// The table, quoted, with its schema.
    pub table: String,
    /// How many rows are the tenant's; `None` where the login may not read them.
    pub rows: Option<u64>,
    /// Whether it is declared as a tenants' table, or one of the registry.
    pub declared: bool,
    /// Whether it is erased as a whole, with the others of its cycle of foreign keys.
    pub whole: bool,
}

/// Rows that are not of a table with a tenant column and hang on rows that are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlsoAffected {
    /// The table, quoted, with its schema.
    pub table: String,
    /// The foreign key.
    pub constraint: String,
    /// What happens to them: `deleted`, `set null` or `set default`.
    pub effect: String,
    /// How many; `None` where the login may not read them.
    pub rows: Option<u64>,
}

impl fmt::Display for ErasurePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |rows: Option<u64>| rows.map_or("?".to_owned(), |rows| rows.to_string());
        writeln!(f, "tenant {} would be erased:", self.tenant)?;
        for PlannedTable { table, rows, declared, whole } in &self.tables {
            let undeclared = if *declared { "" } else { ", not declared" };
            let whole = if *whole { ", as a whole" } else { "" };
            writeln!(f, "  {table}: {} rows{undeclared}{whole}", count(*rows))?;
        }
        for AlsoAffected { table, constraint, effect, rows } in &self.also {
            writeln!(f, "  with them {table}: {} rows {effect} by {constraint}", count(*rows))?;
        }
        for KeptTable { table, reason, .. } in &self.kept {
            writeln!(f, "  left: {table}, because {reason}")?;
        }
        for copy in &self.elsewhere {
            writeln!(f, "  not reached: {copy}")?;
        }
        for obstacle in &self.obstacles {
            writeln!(f, "in the way: {obstacle}")?;
        }
        Ok(())
    }
}
