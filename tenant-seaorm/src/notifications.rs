use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tenant_core::{Notifications, SessionError};

use crate::session::session_error;

/// A connection that listens, and is not made again.
struct Listening {
    /// None once it was lost.
    listener: Option<PgListener>,
}

/// Listens on a connection of its own, made as the pool's are.
pub(crate) async fn listen(
    pool: &PgPool,
    channel: &str,
) -> Result<Box<dyn Notifications>, SessionError> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_with((*pool.connect_options()).clone())
        .await
        .map_err(session_error)?;
    // sqlx panics at a payload that is not UTF-8, and such a database would hand one through.
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(&own)
        .await
        .map_err(session_error)?;
    if encoding == "SQL_ASCII" {
        return Err(SessionError::driver(
            "a database with the encoding SQL_ASCII cannot be listened to: anybody's notification \
             could hold what is no text; make it anew with the encoding UTF8",
        ));
    }
    let mut listener = PgListener::connect_with(&own).await.map_err(session_error)?;
    listener.eager_reconnect(false);
    listener.listen(channel).await.map_err(session_error)?;
    Ok(Box::new(Listening { listener: Some(listener) }))
}

#[async_trait::async_trait]
impl Notifications for Listening {
    async fn next(&mut self) -> Result<String, SessionError> {
        let Some(listener) = &mut self.listener else { return Err(lost()) };
        let heard = listener.try_recv().await;
        match heard {
            Ok(Some(notification)) => Ok(notification.payload().to_owned()),
            Ok(None) => {
                self.listener = None;
                Err(lost())
            }
            Err(error) => {
                self.listener = None;
                Err(session_error(error))
            }
        }
    }
}

fn lost() -> SessionError {
    SessionError::driver("the connection that listened is lost; listen again")
}
