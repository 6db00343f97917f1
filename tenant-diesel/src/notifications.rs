use std::pin::pin;

use async_trait::async_trait;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, pooled_connection::deadpool::Object};
use futures_util::StreamExt;
use tenant_core::{Notifications, SessionError, quote_ident};

use crate::session::session_error;

/// A connection that listens, and is not made again.
struct Listening {
    /// None once it was lost.
    connection: Option<AsyncPgConnection>,
}

/// Listens on this connection, taken out of the pool for good.
pub(crate) async fn listen(
    object: Object<AsyncPgConnection>,
    channel: &str,
) -> Result<Box<dyn Notifications>, SessionError> {
    let mut connection = Object::take(object);
    let channel = quote_ident(channel).map_err(SessionError::driver)?;
    connection.batch_execute(&format!("LISTEN {channel}")).await.map_err(session_error)?;
    Ok(Box::new(Listening { connection: Some(connection) }))
}

#[async_trait]
impl Notifications for Listening {
    async fn next(&mut self) -> Result<String, SessionError> {
        let Some(connection) = &mut self.connection else { return Err(lost()) };
        // What is not read stays in the connection's queue, so a dropped future loses nothing.
        let heard = pin!(connection.notifications_stream()).next().await;
        match heard {
            Some(Ok(notification)) => Ok(notification.payload),
            Some(Err(error)) => {
                self.connection = None;
                Err(session_error(error))
            }
            None => {
                self.connection = None;
                Err(lost())
            }
        }
    }
}

fn lost() -> SessionError {
    SessionError::driver("the connection that listened is lost; listen again")
}
