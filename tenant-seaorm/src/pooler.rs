//! What stands between the pool and PostgreSQL.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tenant_core::{Pooler, PoolerTrouble, adapter::PoolerCheck};
use tokio::time::timeout;

use crate::{
    Error, internals,
    pool::{Fate, Pool},
};

/// Finds a pooler that hands connections on between statements.
pub(crate) async fn hold(conn: &mut PgConnection) -> Result<(), Error> {
    for sql in [PoolerCheck::HOLD, PoolerCheck::RELEASE] {
        internals::message(conn, sql).await.map_err(Error::not_started)?;
    }
    Ok(())
}

/// Finds a pooler that was not declared as it is. `first` is a connection of the pool's; a second
/// one is made for it, and closed. It says what becomes of the first.
pub(crate) async fn check(
    pool: &Pool,
    first: &mut PgConnection,
    declared: Pooler,
) -> Result<Fate, Error> {
    if declared == Pooler::Transaction {
        return Ok(Fate::Reuse);
    }
    let check = PoolerCheck::new();
    let second = async {
        let mut second = pool.another().await?;
        for step in check.steps() {
            let conn = if step.second { &mut second } else { &mut *first };
            internals::message(conn, &step.sql).await?;
        }
        Ok(())
    };
    // A pooler in session mode may have no second connection to give.
    let found = match timeout(pool.timeout(), second).await {
        Ok(Ok(())) => return Ok(Fate::Reuse),
        Ok(Err(error)) => Error::not_started(error),
        Err(_) => {
            tracing::warn!(target: "tenant", "no second connection to look for a pooler with");
            return Ok(Fate::Close);
        }
    };
    if declared == Pooler::None {
        return Err(found);
    }
    match found {
        Error::Pooler { trouble: PoolerTrouble::Undeclared, .. } => {}
        other => return Err(other),
    }
    let renamed = sqlx::query(AssertSqlSafe(check.renamed())).persistent(true);
    match first.execute(renamed).await {
        Ok(_) => Ok(Fate::Reuse),
        Err(error) => Err(Error::Pooler {
            trouble: PoolerTrouble::NotPreparing,
            source: internals::exec_err(error),
        }),
    }
}
