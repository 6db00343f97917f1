//! What stands between the pool and PostgreSQL, and how a connection is made through it.

use std::{pin::pin, sync::Arc, time::Duration};

use diesel::{
    ConnectionError, ConnectionResult,
    connection::CacheSize,
    result::{DatabaseErrorKind::UnableToSendCommand, Error as DieselError},
};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _,
};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Either, select},
};
use tenant_core::{
    Pooler, PoolerTrouble,
    adapter::{CLEAR_NUMBERED, PoolerCheck},
};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, types::Kind, types::Type};

use crate::{Error, builder::Setup};

/// The types that tokio-postgres does not know by itself, and may meet in a result: enums, domains,
/// ranges, composites and what extensions bring, and arrays of all those.
const TYPES: &str = "SELECT t.oid FROM pg_catalog.pg_type t \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
     LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(e.typrelid, t.typrelid) \
     WHERE t.oid >= 16384 AND t.typtype <> 'p' AND (c.oid IS NULL OR c.relkind = 'c') \
     ORDER BY t.oid LIMIT 1000";

/// How a connection is made.
#[derive(Clone)]
pub(crate) struct Way {
    url: Arc<str>,
    pooler: Pooler,
    custom: Option<Setup>,
}

/// What becomes of a connection after the check.
pub(crate) enum Afterwards {
    Reuse,
    /// An answer may be on its way on it.
    Close,
}

impl Way {
    pub(crate) fn new(url: String, pooler: Pooler, custom: Option<Setup>) -> Self {
        Self { url: url.into(), pooler, custom }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn connect(&self) -> BoxFuture<'static, ConnectionResult<AsyncPgConnection>> {
        let way = self.clone();
        async move {
            let mut connection = match &way.custom {
                Some(setup) => setup(&way.url).await?,
                None if way.pooler == Pooler::Transaction => establish(&way.url).await?,
                None => AsyncPgConnection::establish(&way.url).await?,
            };
            if way.pooler == Pooler::Transaction {
                let ended = connection.batch_execute("COMMIT").await;
                ended.map_err(ConnectionError::CouldntSetupConfiguration)?;
                connection.set_prepared_statement_cache_size(CacheSize::Disabled);
            }
            Ok(connection)
        }
        .boxed()
    }

    /// Finds a pooler that hands connections on between statements.
    ///
    /// PgBouncer lets the beginning of a transaction through, or not, and closes the connection; why,
    /// the driver may not hear.
    pub(crate) async fn hold(connection: &mut AsyncPgConnection) -> Result<(), Error> {
        for sql in [PoolerCheck::HOLD, PoolerCheck::RELEASE] {
            match connection.batch_execute(sql).await {
                Err(error @ DieselError::DatabaseError(UnableToSendCommand, _)) => {
                    let source = error.into();
                    return Err(Error::Pooler { trouble: PoolerTrouble::Statement, source });
                }
                held => held.map_err(Error::not_started)?,
            }
        }
        Ok(())
    }

    /// Finds a pooler that was not declared as it is. `first` is a connection of the pool's; a
    /// second one is made for it, and closed.
    pub(crate) async fn check(
        &self,
        first: &mut AsyncPgConnection,
        acquire_timeout: Duration,
    ) -> Result<Afterwards, Error> {
        if self.pooler == Pooler::Transaction {
            return Ok(Afterwards::Reuse);
        }
        let check = PoolerCheck::new();
        let second = async {
            let mut second = self.connect().await.map_err(Error::not_connected)?;
            for step in check.steps() {
                let connection = if step.second { &mut second } else { &mut *first };
                connection.batch_execute(&step.sql).await.map_err(Error::not_started)?;
            }
            Ok(())
        };
        // A pooler in session mode may have no second connection to give.
        let found = match timeout(acquire_timeout, second).await {
            Ok(Ok(())) => return Ok(Afterwards::Reuse),
            Ok(Err(error)) => error,
            Err(_) => {
                tracing::warn!(target: "tenant", "no second connection to look for a pooler with");
                return Ok(Afterwards::Close);
            }
        };
        if self.pooler == Pooler::None {
            return Err(found);
        }
        match found {
            Error::Pooler { trouble: PoolerTrouble::Undeclared, .. } => {}
            other => return Err(other),
        }
        let renamed = RunQueryDsl::execute(diesel::sql_query(check.renamed()), first).await;
        match renamed {
            Ok(_) => Ok(Afterwards::Reuse),
            Err(error) => {
                Err(Error::Pooler { trouble: PoolerTrouble::NotPreparing, source: error.into() })
            }
        }
    }
}

/// A connection that is inside a transaction, so that one of the pooler's stays with it while
/// Diesel sets it up with statements of several messages.
///
/// It knows all types already: tokio-postgres would look up the next one with a statement that it
/// prepared for the first, in a transaction that is over.
async fn establish(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let (client, mut connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|error| bad(&error))?;
    match select(pin!(begin(&client)), &mut connection).await {
        Either::Left((begun, _)) => begun.map_err(|error| not_begun(&error))?,
        Either::Right((ended, _)) => {
            ended.map_err(|error| not_begun(&error))?;
            return Err(ConnectionError::BadConnection(CLOSED.to_owned()));
        }
    }
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

async fn begin(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(&format!("BEGIN; {CLEAR_NUMBERED}")).await?;
    let rows = client.simple_query(TYPES).await?;
    let oids = rows.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    let types: Vec<Type> =
        oids.map(|oid| Type::new(String::new(), oid, Kind::Simple, String::new())).collect();
    let params: Vec<String> = (1..=types.len()).map(|n| format!("${n}")).collect();
    client.prepare_typed(&format!("SELECT {}", params.join(", ")), &types).await?;
    client.batch_execute(CLEAR_NUMBERED).await
}

const CLOSED: &str =
    "the connection was closed when a transaction began, as it is in statement pooling";

/// Why PgBouncer closes a connection in statement mode, the driver may not hear.
fn not_begun(error: &tokio_postgres::Error) -> ConnectionError {
    if error.is_closed() { ConnectionError::BadConnection(CLOSED.to_owned()) } else { bad(error) }
}

/// The driver's error says by itself only that it is the server's.
fn bad(error: &tokio_postgres::Error) -> ConnectionError {
    let said = error.as_db_error().map(ToString::to_string);
    ConnectionError::BadConnection(said.unwrap_or_else(|| error.to_string()))
}
