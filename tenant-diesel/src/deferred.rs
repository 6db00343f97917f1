//! An opening that travels with the first statement.

use std::{fmt, pin::pin, sync::Arc, task::Poll, time::Duration};

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join},
    poll,
};
use tenant_core::{
    TenantScope, TransactionOptions, Verified,
    adapter::{GUARD, Opening},
};
use tokio::time::timeout;

use crate::{Error, pool::no_answer, routes::Routes};

const CANCELLED: &str =
    "its first statement was cancelled before the answer to `BEGIN` came; begin a new one";
const REFUSED: &str =
    "it could not be opened, as the error of its first statement said; begin a new one";

/// What has become of a transaction's opening.
pub(crate) enum Opener {
    /// The transaction is open.
    Done,
    /// Nothing was sent yet.
    Waiting(Box<Waiting>),
    /// It was sent, and nobody knows that it is open; why.
    Lost(&'static str),
}

/// What is rendered when the first statement is sent: a sealed opening is good for seconds.
pub(crate) struct Waiting {
    opening: Arc<Opening>,
    scope: TenantScope<Verified>,
    options: TransactionOptions,
    /// How long the answer may take.
    patience: Duration,
    /// Who wants to know whether the database answered.
    routes: Option<Arc<Routes>>,
}

impl Opener {
    pub(crate) fn waiting(
        opening: Arc<Opening>,
        scope: TenantScope<Verified>,
        options: TransactionOptions,
        patience: Duration,
        routes: Option<Arc<Routes>>,
    ) -> Self {
        Self::Waiting(Box::new(Waiting { opening, scope, options, patience, routes }))
    }

    /// Whether nothing was sent yet.
    pub(crate) fn unsent(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    /// Why nothing more may run.
    pub(crate) fn lost(&self) -> Option<&'static str> {
        match self {
            Self::Lost(why) => Some(why),
            Self::Done | Self::Waiting(_) => None,
        }
    }

    /// Sends the opening, its guard and then whatever this statement sends first, all at once; the
    /// statement goes on when the opening is confirmed. Afterwards, or if it is open already, it is
    /// the statement itself.
    ///
    /// A statement that is not cached first asks how it is prepared, so no part of it is executed
    /// before the confirmation.
    pub(crate) fn ahead_of<'c, T: Send + 'c>(
        &'c mut self,
        connection: &'c AsyncPgConnection,
        mut statement: BoxFuture<'c, QueryResult<T>>,
    ) -> BoxFuture<'c, QueryResult<T>> {
        if let Self::Done = self {
            return statement;
        }
        let together = async move {
            let waiting = match std::mem::replace(self, Self::Lost(CANCELLED)) {
                Self::Waiting(waiting) => waiting,
                Self::Done => {
                    *self = Self::Done;
                    return statement.await;
                }
                Self::Lost(why) => {
                    *self = Self::Lost(why);
                    return Err(Error::Closed { why }.into());
                }
            };
            let early = {
                let mut opened = pin!(waiting.open(connection));
                // Each is sent when it is polled for the first time, hence in this order.
                let early = match poll!(opened.as_mut()) {
                    Poll::Pending => {
                        let early = poll!(&mut statement);
                        opened.await.map(|()| early)
                    }
                    Poll::Ready(opened) => opened.map(|()| Poll::Pending),
                };
                early.inspect_err(|_| *self = Self::Lost(REFUSED))?
            };
            *self = Self::Done;
            match early {
                Poll::Ready(result) => result,
                Poll::Pending => statement.await,
            }
        };
        together.boxed()
    }
}

impl Waiting {
    async fn open(&self, connection: &AsyncPgConnection) -> QueryResult<()> {
        let message = self.opening.tenant(&self.scope, self.options).map_err(Error::from)?;
        let sent = timeout(self.patience, send(connection, &message)).await;
        let result = sent.unwrap_or_else(|_| Err(no_answer(self.patience)));
        let tenant = Some(self.scope.id().clone());
        let result = result.map_err(|source| Error::not_begun(tenant, source));
        if let Some(routes) = &self.routes {
            routes.tell(self.scope.record().placement.database_name(), &result);
        }
        Ok(result?)
    }
}

async fn send(connection: &AsyncPgConnection, opening: &str) -> QueryResult<()> {
    let (mut first, mut second) = (connection, connection);
    // It polls in this order.
    let both = join(first.batch_execute(opening), second.batch_execute(GUARD));
    let (opened, guarded) = both.await;
    opened.and(guarded)
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Waiting(waiting) => f.debug_tuple("Waiting").field(waiting.scope.id()).finish(),
            Self::Lost(why) => f.debug_tuple("Lost").field(why).finish(),
        }
    }
}
