use crate::{SessionError, SqlSession, opening::COMMIT};

/// A transaction on a connection of its own. Dropping it closes the connection, and the server rolls
/// back.
pub(crate) struct Work {
    session: Box<dyn SqlSession>,
}

impl Work {
    /// Begins one, in which nobody else's schema is searched.
    pub(crate) async fn begin<S: SqlSession + ?Sized>(session: &S) -> Result<Self, SessionError> {
        Self::on(session.dedicated().await?).await
    }

    /// The same on this connection.
    pub(crate) async fn on(session: Box<dyn SqlSession>) -> Result<Self, SessionError> {
        let work = Self { session };
        work.again().await?;
        Ok(work)
    }

    /// The same on the same connection, after a [`commit`](Self::commit).
    pub(crate) async fn again(&self) -> Result<(), SessionError> {
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
                     SET LOCAL search_path = pg_catalog, pg_temp";
        self.session.batch(begin).await
    }

    /// One that changes nothing, and sees the database as it was when it began.
    pub(crate) async fn look<S: SqlSession + ?Sized>(session: &S) -> Result<Self, SessionError> {
        let work = Self { session: session.dedicated().await? };
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                     SET LOCAL search_path = pg_catalog, pg_temp";
        work.session.batch(begin).await?;
        Ok(work)
    }

    pub(crate) fn session(&self) -> &dyn SqlSession {
        &*self.session
    }

    /// Ends it without a trace now, where somebody may pass over what it has locked: a connection that
    /// is closed holds its locks until the server notices.
    pub(crate) async fn rollback(&self) {
        // A connection that is lost is rolled back by the server.
        let _ = self.session.batch("ROLLBACK").await;
    }

    pub(crate) async fn commit(&self) -> Result<(), SessionError> {
        self.session.batch(COMMIT).await
    }
}
