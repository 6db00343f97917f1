//! Whose the rows are that a table has already.

use super::{hash::name_of, template::script};
use crate::{TenantId, TenantKey, TenantTable, quote::dollar_quoted, quote::quoted, quote_literal};

/// Whose the rows are that a table has already: see
/// [`Isolation::backfill`](crate::Isolation::backfill).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backfill {
    /// All of one tenant's. A column that is not there yet is added with all rows filled, in an
    /// instant and without writing to one of them.
    Value(TenantId),
    /// Of the tenant whose row this foreign key points at, by its name. The other table must be a
    /// tenant's too. Where a table has exactly one foreign key to another tenant table, that one is
    /// followed without being named.
    Along(String),
    /// Of the tenant whose id stands in this column of the row itself, of another type or name than the
    /// tenant column. The column stays as it is.
    Column(String),
}

/// A foreign key that is followed.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// The other table, as it stands in SQL.
    pub(super) parent: String,
    /// The other table's tenant column.
    pub(super) column: String,
    /// Columns and what they reference.
    pub(super) pairs: Vec<(String, String)>,
}

impl Path {
    /// The tenant of the row that `alias` points at.
    fn tenant_of(&self, alias: &str) -> String {
        format!("(SELECT p.{} {})", quoted(&self.column), self.row_of(alias))
    }

    fn row_of(&self, alias: &str) -> String {
        let joined: Vec<String> = self
            .pairs
            .iter()
            .map(|(from, to)| format!("p.{} = {alias}.{}", quoted(to), quoted(from)))
            .collect();
        format!("FROM {} p WHERE {}", self.parent, joined.join(" AND "))
    }
}

/// What fills new rows while a plan is being run.
pub(super) fn trigger_name(table: &TenantTable) -> String {
    name_of(&format!("{}_{}", table.table().name(), table.column()), "_tenancy_fill")
}

pub(super) fn literal(id: &TenantId) -> String {
    format!("{}::{}", quote_literal(&id.to_string()), id.key())
}

/// Fills the rows that are inserted, or pointed elsewhere, from now until the walls go up. It runs
/// as its maker, since a writer need not be allowed to read the other table.
pub(super) fn trigger(table: &TenantTable, relation: &str, from: &Source<'_>) -> String {
    let (trigger, column) = (quoted(&trigger_name(table)), quoted(table.column()));
    let moved: Vec<String> = from
        .columns()
        .iter()
        .map(|from| format!("NEW.{0} IS DISTINCT FROM OLD.{0}", quoted(from)))
        .collect();
    let body = dollar_quoted(&format!(
        "\nBEGIN\n  IF NEW.{column} IS NULL THEN\n    NEW.{column} := {tenant};\n  \
         ELSIF TG_OP = 'UPDATE' THEN\n    IF {moved} THEN\n      NEW.{column} := {tenant};\n    END IF;\n  \
         END IF;\n  RETURN NEW;\nEND\n",
        tenant = from.tenant_of("NEW"),
        moved = moved.join(" OR "),
    ));
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.{trigger}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n\
         SET search_path = pg_catalog, pg_temp AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.{trigger}() FROM PUBLIC;\n\
         CREATE OR REPLACE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {relation}\n  \
         FOR EACH ROW EXECUTE FUNCTION tenancy.{trigger}();\n"
    )
}

/// Fills what one relation has, some pages at a time, each in a transaction of its own. It never
/// waits for a row that somebody else has locked, but comes back for it.
pub(super) fn fill_rows(table: &TenantTable, relation: &str, from: &Source<'_>) -> String {
    let value = from.tenant_of("t");
    let fillable = match from {
        Source::Value(_) => "true".to_owned(),
        Source::Path(path) => format!("EXISTS (SELECT {})", path.row_of("t")),
        Source::Column(column, _) => format!("t.{} IS NOT NULL", quoted(column)),
    };
    let see = format!(
        " rows of {relation} belong to no tenant: see them with SELECT * FROM {relation} WHERE {} IS NULL; \
         give them one, or delete them, then run the plan again",
        quoted(table.column())
    );
    script(
        include_str!("sql/backfill.sql"),
        &[
            ("relation", relation),
            ("literal", &quote_literal(relation)),
            ("column", &quoted(table.column())),
            ("value", &value),
            ("fillable", &fillable),
            ("see", &quote_literal(&see)),
        ],
    )
}

/// Where the tenant of a row comes from.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Value(&'a TenantId),
    Path(&'a Path),
    Column(&'a str, TenantKey),
}

impl Source<'_> {
    /// The tenant of the row that `alias` is.
    fn tenant_of(&self, alias: &str) -> String {
        match self {
            Self::Value(id) => literal(id),
            Self::Path(path) => path.tenant_of(alias),
            Self::Column(column, key) => format!("{alias}.{}::{key}", quoted(column)),
        }
    }

    /// The row's columns that it hangs on.
    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Path(path) => path.pairs.iter().map(|(from, _)| from.as_str()).collect(),
            Self::Column(column, _) => vec![column],
        }
    }
}
