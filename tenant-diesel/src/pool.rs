//! The pool, with one clock for whatever a caller waits for.

use std::{fmt, sync::Arc, time::Duration};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::deadpool::{Object, Pool, PoolError},
};
use tenant_core::{TenantId, adapter::Member};
use tokio::time::timeout;

use crate::{
    Error,
    connection::{Connection, NotBegun},
    share::{Held, Share},
};

/// deadpool, whose waits end.
#[derive(Clone)]
pub(crate) struct ConnectionPool {
    pool: Pool<AsyncPgConnection>,
    acquire_timeout: Duration,
    share: Option<Arc<Share>>,
}

impl ConnectionPool {
    pub(crate) fn new(pool: Pool<AsyncPgConnection>, acquire_timeout: Duration) -> Self {
        Self { pool, acquire_timeout, share: None }
    }

    /// One of many databases' pools: its timeout is that of a connection, and not of the line.
    pub(crate) fn sharing(mut self, member: Member, wait: Duration) -> Self {
        self.share = Some(Share::new(self.pool.clone(), member, wait));
        self
    }

    /// Whether nobody has a connection of it. One that shares with no other pool need not know.
    pub(crate) fn is_idle(&self) -> bool {
        self.share.as_ref().is_some_and(|share| share.is_idle())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// How long a caller waits for a connection, or for the answer to an opening.
    pub(crate) fn patience(&self) -> Duration {
        self.acquire_timeout
    }

    pub(crate) fn close(&self) {
        self.pool.close();
        if let Some(share) = &self.share {
            share.close();
        }
    }

    /// A connection, and what to hold as long as it is borrowed.
    pub(crate) async fn acquire(&self) -> Result<(Object<AsyncPgConnection>, Held), Error> {
        match &self.share {
            Some(share) => share.acquire(self.get()).await,
            None => Ok((self.get().await?, Held::default())),
        }
    }

    async fn get(&self) -> Result<Object<AsyncPgConnection>, Error> {
        let exhausted = || Error::PoolExhausted {
            max: u32::try_from(self.pool.status().max_size).unwrap_or(u32::MAX),
            waited: self.acquire_timeout,
        };
        match timeout(self.acquire_timeout, self.pool.get()).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(PoolError::Closed)) => Err(Error::CLOSED),
            // Of many databases nobody waits here but for the server.
            Err(_) if self.share.is_some() => {
                let why = format!("no connection could be made within {:?}", self.acquire_timeout);
                Err(Error::Connect { source: why.into() })
            }
            Ok(Err(PoolError::Timeout(_))) | Err(_) => Err(exhausted()),
            Ok(Err(PoolError::Backend(source))) => Err(Error::not_connected(source)),
            Ok(Err(source)) => Err(Error::Connect { source: source.into() }),
        }
    }

    /// Takes a connection and opens a transaction on it. The message is the liveness check: on a
    /// connection that turns out dead another one is tried, since nothing of the user's was sent.
    /// It is rendered for each connection, since a sealed one is good for seconds.
    pub(crate) async fn open(
        &self,
        tenant: Option<&TenantId>,
        message: impl Fn() -> Result<String, Error> + Sync,
    ) -> Result<Connection, Error> {
        let mut tries = self.pool.status().size;
        loop {
            let (object, held) = self.acquire().await?;
            let message = message()?;
            // A dropped opening closes its connection, so the clock may end it anywhere.
            let begun = timeout(
                self.acquire_timeout,
                Connection::begin(object, held, tenant.cloned(), &message),
            );
            match begun.await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(NotBegun { dead: true, .. })) if tries > 0 => tries -= 1,
                Ok(Err(NotBegun { source, .. })) => {
                    return Err(Error::not_begun(tenant.cloned(), source));
                }
                Err(_) => {
                    let source = no_answer(self.acquire_timeout);
                    return Err(Error::Begin { tenant: tenant.cloned(), source });
                }
            }
        }
    }
}

/// What an opening fails with whose answer does not come.
pub(crate) fn no_answer(waited: Duration) -> DieselError {
    let why = format!("the server did not answer within {waited:?}");
    DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(why))
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.status().fmt(f)
    }
}
