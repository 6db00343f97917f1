//! Core's way to the database, over the driver itself.

use std::error::Error as _;

use async_trait::async_trait;
use tenant_core::{JsonRow, SessionError, SqlSession, rows_as_json, rows_from_json};
use tokio::sync::Mutex;
use tokio_postgres::{Client, types::Type};

use crate::{
    exit::{Exit, Failure},
    interrupt::{Grace, Interrupt, Open},
    url::Place,
};

/// A session that sends nothing more once it is interrupted.
pub(crate) struct PgSession {
    place: Place,
    interrupt: Interrupt,
    connection: Mutex<Option<Connection>>,
    /// What a call leaves open is there for the next, also after an error.
    dedicated: bool,
    grace: Option<Grace>,
}

struct Connection {
    client: Client,
    _open: Open,
}

impl PgSession {
    /// Connects, and says in words what is wrong where it cannot.
    pub(crate) async fn connect(place: Place, interrupt: Interrupt) -> Result<Self, Failure> {
        let described = place.describe();
        let session = Self::later(place, interrupt);
        match session.open().await {
            Ok(connection) => {
                *session.connection.lock().await = Some(connection);
                Ok(session)
            }
            Err(error) => Err(Failure::new(
                Exit::Unreachable,
                format!("cannot connect to {described}: {error}\n  {}", advice(&error)),
            )),
        }
    }

    /// One that connects when it is asked for something.
    pub(crate) fn later(place: Place, interrupt: Interrupt) -> Self {
        Self { place, interrupt, connection: Mutex::new(None), dedicated: false, grace: None }
    }

    /// The same for work that puts things in order by itself where it gives up.
    pub(crate) fn with_grace(mut self, grace: &Grace) -> Self {
        self.grace = Some(grace.clone());
        self
    }

    async fn open(&self) -> Result<Connection, SessionError> {
        let connecting = self.place.tls.connect(&self.place.config);
        // The driver's own limit ends with the socket; a server can be silent after that.
        let limit = self.place.config.get_connect_timeout().copied().unwrap_or_default();
        let client = tokio::select! {
            client = tokio::time::timeout(limit, connecting) => {
                client.map_err(|_| SessionError::driver("the server does not answer"))?.map_err(|error| of_driver(&error))?
            }
            () = self.interrupt.over() => return Err(interrupted()),
        };
        let open =
            self.interrupt.watch(client.cancel_token(), self.place.tls.clone(), self.grace.clone());
        Ok(Connection { client, _open: open })
    }

    /// Nothing more is sent after an interruption, but for what has grace.
    fn may_send(&self) -> Result<(), SessionError> {
        if self.interrupt.is_over() && !self.grace.as_ref().is_some_and(Grace::has_begun) {
            return Err(interrupted());
        }
        Ok(())
    }

    async fn run<T>(
        &self,
        call: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, SessionError> {
        let mut slot = self.connection.lock().await;
        self.may_send()?;
        if slot.is_none() && self.dedicated {
            return Err(SessionError::driver("the connection is gone"));
        }
        let connection = match slot.take() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let done = call(&connection.client).await.map_err(|error| of_driver(&error));
        // A transaction may be open after an error; of a session that is not dedicated it goes.
        if done.is_ok() || self.dedicated {
            *slot = Some(connection);
        }
        done
    }
}

#[async_trait]
impl SqlSession for PgSession {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        if let Some(grace) =
            self.grace.as_ref().filter(|_| sql == "ROLLBACK" && self.interrupt.is_over())
        {
            grace.begin();
        }
        self.run(async |client| client.batch_execute(sql).await).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let params: Vec<_> = params.iter().map(|text| (text as _, Type::TEXT)).collect();
        let sql = rows_as_json(sql);
        let text = self
            .run(async |client| {
                let rows = client.query_typed(&sql, &params).await?;
                rows.first().map_or_else(|| Ok(String::from("[]")), |row| row.try_get(0))
            })
            .await?;
        rows_from_json(&text)
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        self.may_send()?;
        let connection = Mutex::new(Some(self.open().await?));
        let (place, interrupt) = (self.place.clone(), self.interrupt.clone());
        let grace = self.grace.clone();
        Ok(Box::new(Self { place, interrupt, connection, dedicated: true, grace }))
    }
}

fn interrupted() -> SessionError {
    SessionError::driver("interrupted before this was sent")
}

/// What the server said, or the driver with its reason.
fn of_driver(error: &tokio_postgres::Error) -> SessionError {
    if let Some(said) = error.as_db_error() {
        let text = match said.hint() {
            Some(hint) => format!("{} ({hint})", said.message()),
            None => said.message().to_owned(),
        };
        return SessionError::driver(text)
            .sqlstate(Some(said.code().code()))
            .constraint(said.constraint());
    }
    SessionError::driver(match error.source() {
        Some(why) => format!("{error}: {why}"),
        None => error.to_string(),
    })
}

/// What to do where a connection cannot be made.
fn advice(error: &SessionError) -> &'static str {
    let text = error.to_string();
    match error.sqlstate.as_deref() {
        Some("28P01") => {
            "put the right password into PGPASSWORD, or the whole URL into DATABASE_URL"
        }
        Some("28000") => {
            "the server's pg_hba.conf lets this login not in from here, or not without TLS"
        }
        Some("3D000") => "create the database, or name another one",
        Some("53300") => {
            "all of the server's connections are taken; try again, or raise max_connections"
        }
        Some("57P03") => "the server is starting or stopping; try again in a moment",
        Some(_) => "mend what the server says",
        None if text.contains("certificate") || text.contains("TLS") => {
            "name the authority that signed the server's certificate with ?sslrootcert=FILE; on a host \
             that you trust the way to, ?sslmode=disable"
        }
        None if text.contains("password missing") => "put the password into PGPASSWORD",
        None => "is the server running there, and does a firewall let you through?",
    }
}
