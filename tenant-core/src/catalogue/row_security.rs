use serde::{Deserialize, Serialize};

use super::TenantTables;
use crate::{Error, SqlSession, isolation::fill};

/// Why no policy left rows out of what was done to all of a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unnarrowed {
    /// The transaction ran with `row_security = off`, in which PostgreSQL refuses a query that a
    /// policy would narrow.
    RowSecurityOff,
    /// The login may not bypass row security. Before anything else, in the same transaction, it was
    /// read from the catalogue that on each table a policy lets it see and write every row, and that
    /// no other one takes rows from it.
    AdminPolicy,
}

impl Unnarrowed {
    /// The words that the transaction goes on with.
    pub(crate) fn set(self) -> &'static str {
        match self {
            Self::RowSecurityOff => "SET LOCAL row_security = off",
            Self::AdminPolicy => "SET LOCAL row_security = on",
        }
    }
}

/// Finds out which of the two it is; to be asked inside the transaction that works on the rows.
///
/// # Errors
/// [`Error::Narrowed`] when a policy could leave rows out, with the table; [`Error::Unread`].
pub(crate) async fn unnarrowed<S: SqlSession + ?Sized>(
    session: &S,
    tables: &TenantTables,
) -> Result<Unnarrowed, Error> {
    let oids: Vec<String> = tables.tables.iter().map(|table| table.oid.to_string()).collect();
    let sql = fill(include_str!("row_security.sql"), &[("oids", &oids.join(", "))]);
    let rows = session.rows(&sql, &[]).await.map_err(|source| Error::Unread { source })?;
    let is = |name: &str, row: &crate::JsonRow| row.get(name).is_some_and(|value| value == true);
    for row in &rows {
        if is("active", row) && !is("open", row) {
            let text = |name| row.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            let (table, login) = (text("label").to_owned(), text("login").to_owned());
            return Err(Error::Narrowed { table, login });
        }
    }
    Ok(if rows.iter().any(|row| is("active", row)) {
        Unnarrowed::AdminPolicy
    } else {
        Unnarrowed::RowSecurityOff
    })
}
