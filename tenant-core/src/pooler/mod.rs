//! What stands between a pool and PostgreSQL, and how it is found out.

mod check;
mod trouble;

use crate::SessionError;
pub use check::{PoolerCheck, PoolerStep};
pub use trouble::PoolerTrouble;

/// What stands between the pool and PostgreSQL: whether a connection is a session of its own, and
/// so how statements are prepared.
///
/// A pool looks at its start for a pooler that it was not told of, and does not open behind one. A
/// pooler that hands its connections on after each *statement* cannot work, whatever is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Pooler {
    /// Nothing, or a pooler in session mode. Statements are prepared once per connection.
    #[default]
    None,
    /// A pooler that hands its connections on after each transaction: `PgBouncer` with
    /// `pool_mode = transaction`, or another one in such a mode. Nothing is prepared for longer than a
    /// transaction. It is right for each of them, whatever its version.
    Transaction,
    /// The same, and the pooler knows of prepared statements: `PgBouncer` from 1.21 on with
    /// `max_prepared_statements` above 0. They are prepared once per connection.
    TransactionWithPreparedStatements,
}

impl Pooler {
    /// Whether a statement may outlive the transaction that it was prepared in.
    pub fn keeps_statements(self) -> bool {
        self != Self::Transaction
    }

    /// Whether one connection is one session of the server's, for what wants one.
    ///
    /// # Errors
    /// It says what to connect to instead.
    pub fn session(self) -> Result<(), SessionError> {
        if self == Self::None {
            return Ok(());
        }
        Err(SessionError::driver(
            "this wants a session of its own (to listen, to lint, to attack, to install), and behind \
             a pooler that hands connections on there is none; connect to PostgreSQL itself for it, \
             or to the pooler in session mode",
        ))
    }
}

macro_rules! clear_numbered {
    ($before:literal) => {
        concat!(
            $before,
            "DO $clear$ DECLARE s text; BEGIN FOR s IN SELECT name FROM \
             pg_catalog.pg_prepared_statements WHERE name ~ '^s[0-9]+$' LOOP \
             EXECUTE pg_catalog.format('DEALLOCATE %I', s); END LOOP; END $clear$"
        )
    };
}

/// Removes what tokio-postgres may have prepared on the server's connection, in this process or in
/// another: each one counts from `s0`, so their names are the same. What a pooler prepares has other
/// names.
pub const CLEAR_NUMBERED: &str = clear_numbered!("");

/// The same, to follow on something.
pub(crate) const AND_CLEAR: &str = clear_numbered!("; ");
