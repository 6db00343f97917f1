use std::{fmt, sync::Arc};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StatementBuilder,
    StreamTrait,
};

use super::Audit;
use crate::{
    Error,
    link::Link,
    nesting::Level,
    statements::{RowStream, RowStreamFuture},
};

/// What SeaORM's own code runs on under a shared handle: the connection of its paginators, and of
/// the hooks of an active model. Nobody gets at one otherwise.
///
/// It looks at every statement before it leaves, and takes no raw SQL.
pub struct SharedConnection {
    pub(super) link: Arc<Link>,
    pub(super) level: Level,
    pub(super) audit: Arc<Audit>,
}

const RAW: Error = Error::RawSql {
    why: "a shared handle takes no raw SQL; use the ORM's queries, or a tenant's transaction",
};

impl SharedConnection {
    fn checked<S: StatementBuilder>(&self, stmt: &S) -> Result<Statement, DbErr> {
        let statement = DbBackend::Postgres.build(stmt);
        self.audit.text(&statement.sql)?;
        Ok(statement)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for SharedConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(RAW.into())
    }

    async fn execute<S: StatementBuilder>(&self, stmt: &S) -> Result<ExecResult, DbErr> {
        let stmt = self.checked(stmt)?;
        self.link.execute(self.level, stmt).await
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(RAW.into())
    }

    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        Err(RAW.into())
    }

    async fn query_one<S: StatementBuilder>(&self, stmt: &S) -> Result<Option<QueryResult>, DbErr> {
        let stmt = self.checked(stmt)?;
        self.link.query_one(self.level, stmt).await
    }

    async fn query_all_raw(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Err(RAW.into())
    }

    async fn query_all<S: StatementBuilder>(&self, stmt: &S) -> Result<Vec<QueryResult>, DbErr> {
        let stmt = self.checked(stmt)?;
        self.link.query_all(self.level, stmt).await
    }
}

impl StreamTrait for SharedConnection {
    type Stream<'a> = RowStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw(&self, _: Statement) -> RowStreamFuture<'_> {
        Box::pin(std::future::ready(Err(RAW.into())))
    }

    fn stream<'a, S: StatementBuilder + Sync>(&'a self, stmt: &S) -> RowStreamFuture<'a> {
        match self.checked(stmt) {
            Ok(stmt) => self.link.stream(self.level, stmt),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl fmt::Debug for SharedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConnection").finish_non_exhaustive()
    }
}
