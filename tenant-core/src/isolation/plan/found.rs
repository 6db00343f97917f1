//! What the catalogue says of the declared tables, as a plan wants it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    TenantTable,
    isolation::diff::{Difference, Names},
};

/// Everything that a plan is made from.
#[derive(Debug)]
pub(super) struct Found {
    /// Which parts of `up` have run, as which text.
    pub(super) parts: BTreeMap<String, String>,
    pub(super) differences: Vec<Difference>,
    pub(super) names: Names,
    /// In the order of the declaration.
    pub(super) tables: Vec<Table>,
    pub(super) keys: Vec<ForeignKey>,
    /// What would be better, and is not done.
    pub(super) advice: Vec<String>,
}

impl Found {
    pub(super) fn has_rows(&self) -> bool {
        self.tables.iter().any(|table| table.has_rows)
    }

    pub(super) fn table(&self, declared: &TenantTable) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == declared.table().to_string())
    }
}

/// One declared tenant table.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as the catalogue answers")]
pub(super) struct Table {
    /// As it stands in SQL.
    pub(super) name: String,
    /// As PostgreSQL writes it.
    pub(super) found: String,
    /// Has rows of its own: no view, whose functions would run as whoever plans.
    pub(super) stored: bool,
    pub(super) partitioned: bool,
    pub(super) has_column: bool,
    /// The names of all that it has.
    pub(super) columns: Vec<String>,
    #[serde(rename = "type")]
    pub(super) of_type: Option<String>,
    pub(super) not_null: bool,
    /// The column's default.
    pub(super) usual: Option<String>,
    pub(super) has_check: bool,
    pub(super) check_valid: bool,
    pub(super) has_index: bool,
    pub(super) invalid_index: Option<String>,
    pub(super) has_trigger: bool,
    /// Row security is on, and may hide its rows from whoever plans.
    pub(super) walled: bool,
    /// Whether a trigger of the application fires on UPDATE.
    pub(super) on_update: bool,
    pub(super) tree: Vec<Relation>,
    #[serde(skip)]
    pub(super) has_rows: bool,
    /// Whether a row has no tenant.
    #[serde(skip)]
    pub(super) has_gaps: bool,
}

/// The table itself, a partition, or a child.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as the catalogue answers")]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) relname: String,
    pub(super) schema: String,
    pub(super) parent: Option<String>,
    pub(super) partitioned: bool,
    /// Whether it is a partition of another.
    pub(super) partition: bool,
    /// Whether it holds rows itself.
    pub(super) table: bool,
    pub(super) index: Option<Index>,
    /// Whether a row of its own has no tenant.
    #[serde(skip)]
    pub(super) has_gaps: bool,
}

/// An index on the tenant column alone.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) valid: bool,
    pub(super) attached: bool,
}

/// A foreign key between tenant tables that has no tenant in it.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as the catalogue answers")]
pub(super) struct ForeignKey {
    pub(super) conname: String,
    pub(super) child: String,
    pub(super) parent: String,
    pub(super) parent_col: String,
    pub(super) columns: Vec<String>,
    pub(super) referenced: Vec<String>,
    pub(super) referenced_list: String,
    pub(super) convalidated: bool,
    pub(super) child_kind: String,
    pub(super) parent_kind: String,
    pub(super) new_name: String,
    pub(super) key_name: String,
    pub(super) new: String,
    pub(super) old: String,
    pub(super) has_key: bool,
    pub(super) key_index: Option<String>,
    pub(super) key_valid: Option<bool>,
    pub(super) new_there: bool,
    pub(super) new_valid: bool,
    /// The look at rows that cross already, as a query for the others' `fk`.
    #[serde(skip)]
    pub(super) look: String,
}
