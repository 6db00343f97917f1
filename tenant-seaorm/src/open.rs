//! Opening a transaction on a connection of the pool.

use tenant_core::TenantId;
use tokio::time::timeout;

use crate::{
    Error, internals,
    pool::{Fate, Lent, Pool},
};

impl Pool {
    /// Takes a connection and opens a transaction on it. The message is the liveness check: on a
    /// connection that turns out dead another one is tried, since nothing of the user's was sent.
    /// It is rendered for each connection, since a sealed one is good for seconds.
    pub(crate) async fn open(
        &self,
        tenant: Option<&TenantId>,
        message: impl Fn() -> Result<String, Error> + Sync,
    ) -> Result<Lent, Error> {
        let mut lent = self.acquire().await?;
        let mut others = self.max();
        loop {
            let sent = timeout(self.timeout(), send(&mut lent, &message()?)).await;
            let error = match sent {
                Ok(Ok(())) => break,
                Ok(Err(error)) => error,
                Err(_) => sqlx::Error::Io(std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    "the server did not answer BEGIN in time",
                )),
            };
            let retry = others > 0 && internals::dead(&error) && !timed_out(&error);
            if !retry {
                return Err(Error::not_begun(tenant.cloned(), error));
            }
            others -= 1;
            lent = lent.renew().await?;
        }
        lent.on_drop(Fate::RollBack { unsettled: false });
        Ok(lent)
    }
}

/// A lent connection is closed on drop until the message's answer is in.
async fn send(lent: &mut Lent, message: &str) -> Result<(), sqlx::Error> {
    internals::message(lent.conn()?, message).await
}

/// A server that does not answer would not answer the next time, either.
fn timed_out(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(e) if e.kind() == std::io::ErrorKind::TimedOut)
}
