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

    /// Commits what was done, and rolls back what was not before anybody hears of it: a connection that
    /// is closed holds its locks until the server notices, and what is locked may be passed over.
    pub(crate) async fn end<T, E>(
        &self,
        done: Result<T, E>,
        uncommitted: impl FnOnce(SessionError) -> E,
    ) -> Result<T, E> {
        match done {
            Ok(_) => self.commit().await.map_err(uncommitted)?,
            // A connection that is lost is rolled back by the server.
            Err(_) => drop(self.session.batch("ROLLBACK").await),
        }
        done
    }

    pub(crate) async fn commit(&self) -> Result<(), SessionError> {
        self.session.batch(COMMIT).await
    }
}
