//! The tables of a tenant, as the catalogue of a database has them: for whatever goes through all of
//! its rows (export, import, erasure).

mod order;
mod read;
mod row_security;

pub(crate) use read::read;
pub use row_security::Unnarrowed;
pub(crate) use row_security::unnarrowed;

use serde::Deserialize;

use crate::quote::quoted;

/// Every table with a tenant column, declared or not, those first on which others hang.
#[derive(Debug, Clone, Default)]
pub(crate) struct TenantTables {
    /// Referenced tables stand before those that refer to them, except on a cycle. A partition or a
    /// child of inheritance does not stand here: its rows are reached through the table above it.
    pub(crate) tables: Vec<CatalogueTable>,
    /// The foreign keys that refer to them, also from tables without a tenant column.
    pub(crate) keys: Vec<ForeignKey>,
    /// Those that refer to tables without one whose rows go with theirs (`ON DELETE CASCADE`).
    pub(crate) beyond: Vec<KeyBeyond>,
    /// What else holds a tenant's rows and cannot be treated as such a table, each with why: a
    /// materialised view, a column of that name and of another type.
    pub(crate) elsewhere: Vec<String>,
}

/// A table whose rows belong to tenants.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CatalogueTable {
    /// The oids of itself and of everything below it.
    pub(crate) tree: Vec<i64>,
    pub(crate) oid: i64,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// `r`, `p` (partitioned), `f` (foreign).
    pub(crate) relkind: String,
    /// The column that says whose a row is, not quoted.
    pub(crate) tenant_column: String,
    /// `tenant` and `shared` as declared; `None` of a table that nobody declared. A table that is
    /// not declared as a tenant's can stand here twice, with two such columns.
    pub(crate) kind: Option<String>,
    /// All its columns, in their order.
    pub(crate) columns: Vec<CatalogueColumn>,
    /// The columns of its primary key, or else of a unique key of columns that are NOT NULL; empty
    /// without either.
    #[cfg_attr(not(feature = "export"), expect(dead_code, reason = "export and import read it"))]
    pub(crate) primary_key: Vec<String>,
    /// Tables with the same number are on a cycle of foreign keys with one another.
    #[serde(skip)]
    pub(crate) group: usize,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CatalogueColumn {
    pub(crate) name: String,
    /// As PostgreSQL writes it, with its length and the like.
    #[serde(rename = "type")]
    #[cfg_attr(not(feature = "export"), expect(dead_code, reason = "export and import read it"))]
    pub(crate) sql_type: String,
    pub(crate) not_null: bool,
    /// Computed from other columns, so it cannot be written.
    pub(crate) generated: bool,
}

/// A foreign key that refers to one of the tables.
#[derive(Debug, Clone, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "as the catalogue has them")]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    /// The table that it is on, quoted, with its schema.
    pub(crate) label: String,
    /// The oid of the table that it is on, or above it; `None` where that has no tenant column.
    pub(crate) child: Option<i64>,
    /// The oid of the table that it refers to, or above it.
    pub(crate) parent: i64,
    pub(crate) columns: Vec<String>,
    pub(crate) referenced: Vec<String>,
    /// `a` (no action), `r` (restrict), `c` (cascade), `n` (set null), `d` (set default).
    pub(crate) on_delete: String,
    #[cfg_attr(not(feature = "export"), expect(dead_code, reason = "export and import read it"))]
    pub(crate) deferrable: bool,
    /// It has several columns, which are all NULL or none.
    pub(crate) match_full: bool,
    /// The login may read the table that it is on; without a tenant column, also all its rows.
    pub(crate) readable: bool,
    /// It refers to its own table, or is on a cycle.
    #[serde(skip)]
    pub(crate) cyclic: bool,
}

/// A foreign key that refers to a table without a tenant column, whose rows go with a tenant's.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct KeyBeyond {
    /// Its parent is the table itself.
    #[serde(flatten)]
    pub(crate) key: ForeignKey,
    /// The table that it refers to, quoted, with its schema.
    pub(crate) parent_label: String,
    /// The oids of the tables with a tenant column from which the cascades lead there.
    pub(crate) roots: Vec<i64>,
}

impl CatalogueTable {
    /// Quoted, with its schema, as it stands in SQL.
    pub(crate) fn label(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// Its tenant column, quoted.
    pub(crate) fn column(&self) -> String {
        quoted(&self.tenant_column)
    }

    pub(crate) fn is_declared(&self) -> bool {
        self.kind.as_deref() == Some("tenant")
    }
}
