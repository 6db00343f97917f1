//! What stands between the pool and PostgreSQL.

use diesel::{
    Connection as _, PgConnection,
    connection::{CacheSize, SimpleConnection as _},
    r2d2::{CustomizeConnection, Error as R2d2Error},
    result::{
        DatabaseErrorKind::{ClosedConnection, UnableToSendCommand},
        Error as DieselError,
    },
};
use tenant_core::{Pooler, PoolerTrouble, adapter::PoolerCheck};

use crate::Error;

/// Has new connections prepare statements as the pooler bears it: without its cache, Diesel sends
/// each one unnamed and in one write.
#[derive(Debug)]
pub(super) struct Statements(pub(super) Pooler);

impl CustomizeConnection<PgConnection, R2d2Error> for Statements {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), R2d2Error> {
        if !self.0.keeps_statements() {
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Ok(())
    }
}

/// Finds a pooler that hands connections on between statements.
///
/// PgBouncer lets the beginning of a transaction through, or not, and closes the connection.
pub(super) fn hold(connection: &mut PgConnection) -> Result<(), Error> {
    for sql in [PoolerCheck::HOLD, PoolerCheck::RELEASE] {
        match connection.batch_execute(sql) {
            Err(error @ DieselError::DatabaseError(ClosedConnection | UnableToSendCommand, _)) => {
                let source = error.into();
                return Err(Error::Pooler { trouble: PoolerTrouble::Statement, source });
            }
            held => held.map_err(Error::not_started)?,
        }
    }
    Ok(())
}

/// Finds a pooler that was not declared. A second connection is made for it, and closed.
///
/// Whether a pooler that was declared to keep prepared statements does so is not asked: Diesel
/// prepares nothing here.
pub(super) fn check(first: &mut PgConnection, url: &str, declared: Pooler) -> Result<(), Error> {
    if declared != Pooler::None {
        return Ok(());
    }
    let mut second = PgConnection::establish(url).map_err(Error::not_connected)?;
    for step in PoolerCheck::new().steps() {
        let connection = if step.second { &mut second } else { &mut *first };
        connection.batch_execute(&step.sql).map_err(Error::not_started)?;
    }
    Ok(())
}
