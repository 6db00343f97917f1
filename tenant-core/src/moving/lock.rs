//! The lock that keeps two movers of a tenant apart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{MoveError, error::at, side::sleep};
use crate::{SqlSession, TenantId, quote_literal};

/// How long somebody else's lock is waited for: that of a run which has just ended goes with its connections, which
/// the server closes when it comes to it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Seconds between two attempts.
const PAUSE: f64 = 0.05;

/// A connection of its own that holds a lock under this name as long as it is there.
pub(super) async fn locked(
    session: &dyn SqlSession,
    role: &str,
    tenant: &TenantId,
) -> Result<Arc<dyn SqlSession>, MoveError> {
    let what = format!("a connection to the {role}");
    let session: Arc<dyn SqlSession> = Arc::from(session.dedicated().await.map_err(at(&what))?);
    session.batch("SET search_path = pg_catalog, pg_temp").await.map_err(at(&what))?;
    let name = quote_literal(&format!("tenancy.move {role} {tenant}"));
    let sql = format!("SELECT pg_try_advisory_lock(hashtextextended({name}, 0)) AS free");
    let until = Instant::now() + PATIENCE;
    loop {
        let rows = session.rows(&sql, &[]).await.map_err(at(&what))?;
        if rows.first().and_then(|row| row.get("free")) == Some(&Value::Bool(true)) {
            return Ok(session);
        }
        if Instant::now() >= until {
            return Err(MoveError::Busy(tenant.clone()));
        }
        sleep(&*session, PAUSE).await?;
    }
}
