use std::{io, path::PathBuf};

use crate::{Error, SessionError, TenantId};

/// Why there is no export. What was written until then is no complete one: it has no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Who exports, or why, was not said.
    #[error("an export wants an actor and a reason, for the audit log: say who exports, and why")]
    NoReason,
    /// The registry does not know the tenant.
    #[error("`tenancy.tenants` has no tenant {0}, so nothing was exported; check the id")]
    UnknownTenant(TenantId),
    /// Something is there already.
    #[error(
        "{} is there already; remove it, or export to another name: nothing is overwritten",
        .0.display()
    )]
    Exists(PathBuf),
    /// Rows that would not be whole.
    #[error(
        "{rows} of the tenant's rows of {table} are in tables that inherit from it, whose own columns \
         an export of {table} would leave out; make the children partitions or tables of their own, \
         and declare them"
    )]
    Inherited {
        /// The declared table.
        table: String,
        /// How many rows.
        rows: u64,
    },
    /// Not as many rows came as were counted in the same snapshot.
    #[error(
        "{table} has {counted} rows of the tenant and {read} came; do not use what was written, and \
         look at the server's log"
    )]
    Incomplete {
        /// The table.
        table: String,
        /// What the count said.
        counted: u64,
        /// How many came.
        read: u64,
    },
    /// The files could not be written.
    #[error("{what} could not be written: {source}; mend that, and export again")]
    Io {
        /// Which.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest could not be written as JSON.
    #[error("the manifest could not be written: {0}")]
    Manifest(#[source] serde_json::Error),
    /// The declaration, the catalogue, row security or the audit log is in the way.
    #[error(transparent)]
    Core(#[from] Error),
    /// The database refused, or could not be asked.
    #[error(
        "the database refused {what}, or the connection was lost: {source}; what was written is not \
         complete, so export again"
    )]
    Session {
        /// What was being done.
        what: String,
        /// What it said.
        source: SessionError,
    },
}

/// Why an export was not imported. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Who imports, or why, was not said.
    #[error("an import wants an actor and a reason, for the audit log: say who imports, and why")]
    NoReason,
    /// No manifest, so the export was not finished.
    #[error(
        "{} has no manifest.json, which is written last: the export was not finished; use another one",
        .0.display()
    )]
    NotComplete(PathBuf),
    /// The manifest is not one that can be used.
    #[error("the manifest cannot be used: {0}")]
    Manifest(String),
    /// A file is not as the manifest says.
    #[error(
        "{file} is not as the manifest says: {why}; get the export anew from where it was made"
    )]
    File {
        /// Its name.
        file: String,
        /// What differs.
        why: String,
    },
    /// The files could not be read.
    #[error("{what} could not be read: {source}")]
    Io {
        /// Which.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The tables here are others than those of the export.
    #[error(
        "the tables here are not those of the export: {}; import into the schema that it was made of, \
         or call `other_schema_unchecked`, which lets types and additional columns differ",
        .0.join("; ")
    )]
    Schema(Vec<String>),
    /// The registry does not know the tenant.
    #[error(
        "`tenancy.tenants` has no tenant {0}; register it first: an erased one's id after \
         `Tenants::lift_tombstone`, or another id"
    )]
    UnknownTenant(TenantId),
    /// The tenant is deleted.
    #[error("tenant {0} is deleted and its id not used again; import into a new tenant")]
    Deleted(TenantId),
    /// The tenant has rows.
    #[error(
        "tenant {tenant} has rows in {table} already; import into a tenant without rows, or erase this \
         one's first"
    )]
    NotEmpty {
        /// The tenant.
        tenant: TenantId,
        /// The first table with rows.
        table: String,
    },
    /// Tables refer to one another in a circle that cannot be entered anywhere.
    #[error(
        "{} refer to one another and cannot be filled one after the other: make one of their foreign \
         keys DEFERRABLE, or one of its columns nullable in a table with a primary key",
        .0.join(", ")
    )]
    Cycle(Vec<String>),
    /// A key of the export is taken, by another tenant's row.
    #[error(
        "a key of the export is taken in {table}: {source}; keys are not changed by an import, so \
         import into a database where they are free, or make the key unique per tenant"
    )]
    KeyTaken {
        /// The table.
        table: String,
        /// What the database said.
        source: SessionError,
    },
    /// The database refused a row.
    #[error("{table} refused the export's rows: {source}; mend what it says and import again")]
    Refused {
        /// The table.
        table: String,
        /// What the database said.
        source: SessionError,
    },
    /// What was inserted reads differently from what the export holds.
    #[error(
        "{table} does not read as the export does after the import ({found} rows, {expected} in the \
         export): a trigger, a rule, a rounding type or another writer changed it; find out which, and \
         if it is meant to, call `changed_rows_unchecked`"
    )]
    Changed {
        /// The table.
        table: String,
        /// Rows in the export.
        expected: u64,
        /// Rows in the database.
        found: u64,
    },
    /// A value would use up a sequence that all tenants draw from.
    #[error(
        "the value {value} of column {column:?} of {table} leaves less than half of what its sequence, \
         which all tenants draw from, has left; nothing was written: change the value in the source, \
         and export again"
    )]
    SequenceEnd {
        /// The table.
        table: String,
        /// Its column.
        column: String,
        /// The value nearest to the sequence's end.
        value: String,
    },
    /// Another transaction drew from a sequence, and did not end in time.
    #[error(
        "the sequence behind column {column:?} of {table} is in use by another transaction that does \
         not end, so it could not be raised within 30 seconds; nothing was written: end that \
         transaction, or wait for it, and import again"
    )]
    SequenceBusy {
        /// The table.
        table: String,
        /// Its column.
        column: String,
    },
    /// The declaration, the catalogue, row security or the audit log is in the way.
    #[error(transparent)]
    Core(#[from] Error),
    /// The database refused, or could not be asked.
    #[error(
        "the database refused {what}, or the connection was lost: {source}; nothing was written"
    )]
    Session {
        /// What was being done.
        what: String,
        /// What it said.
        source: SessionError,
    },
}
