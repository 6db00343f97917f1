//! The task that listens, and knows whether it hears.

use std::{convert::Infallible, sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::future::try_join;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::CachedRegistry;
use crate::{
    Notifications, RegistryError, SessionError, SqlSession, TenantKey, TenantRegistry as _,
    isolation::CHANNEL,
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longer than any tenant's id, so that no heartbeat is one, and none is taken for one.
const NONCE_LENGTH: usize = 300;

/// Why nothing is heard.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error("listening failed: {0}")]
    Unconnected(SessionError),
    #[error("the server did not answer in time")]
    Unanswered,
    #[error("the connection that listened was lost: {0}")]
    Lost(SessionError),
    #[error("the heartbeat could not be sent: {0}")]
    Unsent(SessionError),
    #[error(
        "the heartbeat was sent and not heard: the connection is dead, or a pooler in transaction \
         mode is between"
    )]
    Silent,
    #[error("what the registry behind keeps could not be forgotten: {0}")]
    Unforgotten(RegistryError),
}

pub(super) async fn watch<S: SqlSession>(registry: CachedRegistry, session: S) -> Infallible {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        let mut has_heard = false;
        let why = listen(&registry, &session, &mut has_heard).await;
        if has_heard {
            (pause, told) = (FIRST_PAUSE, false);
        }
        if told {
            tracing::debug!(target: "tenant", %why, "changes of tenants are still not heard");
        } else {
            let ttl = registry.inner.ttl;
            tracing::warn!(
                target: "tenant", %why, ?ttl,
                "changes of tenants are not heard: until they are, only the TTL protects, and a \
                 suspended tenant may be served for so long; give `CachedRegistry::watch` a session \
                 that reaches PostgreSQL itself and not through a pooler; it goes on trying"
            );
            told = true;
        }
        sleep(pause).await;
        pause = (pause * 2).min(registry.inner.heartbeat.max(FIRST_PAUSE));
    }
}

/// Listens until it is deaf.
async fn listen(registry: &CachedRegistry, session: &dyn SqlSession, has_heard: &mut bool) -> Deaf {
    let every = registry.inner.heartbeat;
    let mut notifications = match timeout(every, session.listen(CHANNEL)).await {
        Ok(Ok(notifications)) => notifications,
        Ok(Err(why)) => return Deaf::Unconnected(why),
        Err(_) => return Deaf::Unanswered,
    };
    let mut hearing = None;
    loop {
        let begun = Instant::now();
        if let Err(why) = beat(registry, session, &mut *notifications).await {
            return why;
        }
        if hearing.is_none() {
            // What changed before it listened, it has missed.
            if let Err(why) = registry.forget(None).await {
                return Deaf::Unforgotten(why);
            }
            hearing = Some(Hearing::begin(registry));
            *has_heard = true;
            tracing::info!(target: "tenant", "changes of tenants are heard");
        }
        let rest = every.saturating_sub(begun.elapsed());
        if let Ok(Err(why)) = timeout(rest, obey(registry, &mut *notifications, None)).await {
            return why;
        }
    }
}

/// Sends a word that nobody has said before, and hears it.
async fn beat(
    registry: &CachedRegistry,
    session: &dyn SqlSession,
    notifications: &mut dyn Notifications,
) -> Result<(), Deaf> {
    let nonce = nonce();
    let words = [CHANNEL, &nonce];
    let send = async {
        let sent = session.rows("SELECT pg_notify($1, $2)::text AS sent", &words).await;
        sent.map(drop).map_err(Deaf::Unsent)
    };
    let heard = try_join(send, obey(registry, notifications, Some(&nonce)));
    match timeout(registry.inner.heartbeat, heard).await {
        Ok(result) => result.map(drop),
        Err(_) => Err(Deaf::Silent),
    }
}

/// Nobody can know it before it is said.
fn nonce() -> String {
    format!("{:>NONCE_LENGTH$}", Uuid::new_v4().to_string())
}

/// Forgets what the notifications name, until one of them is the nonce.
async fn obey(
    registry: &CachedRegistry,
    notifications: &mut dyn Notifications,
    nonce: Option<&str>,
) -> Result<(), Deaf> {
    loop {
        let payload = notifications.next().await.map_err(Deaf::Lost)?;
        if Some(payload.as_str()) == nonce {
            return Ok(());
        }
        forget(registry, &payload).await.map_err(Deaf::Unforgotten)?;
    }
}

/// The payload is anybody's: whatever ids it can be read as are forgotten. It is only ever a reason to
/// ask again.
async fn forget(registry: &CachedRegistry, payload: &str) -> Result<(), RegistryError> {
    if payload.is_empty() {
        return registry.forget(None).await;
    }
    for key in [TenantKey::Uuid, TenantKey::Bigint, TenantKey::Text] {
        if let Ok(id) = key.parse(payload) {
            registry.forget(Some(&id)).await?;
        }
    }
    Ok(())
}

/// Says that somebody hears, for as long as it lives.
struct Hearing(CachedRegistry);

impl Hearing {
    fn begin(registry: &CachedRegistry) -> Self {
        registry.inner.hearing.fetch_add(1, SeqCst);
        Self(registry.clone())
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.inner.hearing.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{StaticRegistry, TenantId};

    proptest! {
        #[test]
        fn an_id_as_postgresql_writes_it_is_forgotten_and_nothing_panics(
            text in r"\PC{1,60}", int in any::<i64>(), bits in any::<u128>(), noise in ".*",
        ) {
            let registry = CachedRegistry::new(StaticRegistry::default());
            for id in [
                TenantId::try_from(text.as_str()).unwrap(), TenantId::from(int),
                TenantId::from(Uuid::from_u128(bits)),
            ] {
                let before = registry.inner.generations.of(&id);
                pollster::block_on(forget(&registry, &id.to_string())).unwrap();
                prop_assert!(id.check().is_err() || registry.inner.generations.of(&id) != before);
            }
            pollster::block_on(forget(&registry, &noise)).unwrap();
        }
    }

    #[test]
    fn a_heartbeat_is_no_tenants_id() {
        let nonce = nonce();
        for key in [TenantKey::Uuid, TenantKey::Bigint, TenantKey::Text] {
            assert!(key.parse(&nonce).is_err());
        }
    }
}
