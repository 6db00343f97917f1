//! How the scripts begin that change a database.

use super::{Isolation, citus};

impl Isolation {
    /// What it is for, and the transaction's beginning.
    pub(crate) fn head(&self, what: &str) -> String {
        format!("-- This {what}.\nBEGIN;\n{}", self.installs())
    }

    /// What a transaction that installs says first. One at a time installs; and no schema but
    /// PostgreSQL's own is searched: where everybody may create, somebody's function would run with the
    /// installer's rights.
    pub(crate) fn installs(&self) -> String {
        let sequential = if self.layout.is_citus() { citus::SEQUENTIAL } else { "" };
        format!(
            "SET LOCAL client_min_messages = warning;\n\
             SET LOCAL search_path = pg_catalog, pg_temp;\n\
             {sequential}SELECT pg_advisory_xact_lock(hashtextextended('tenancy', 0));\n"
        )
    }
}
