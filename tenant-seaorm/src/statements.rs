//! Running statements on a [`Link`], with SeaORM's types in and out.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::{Stream, TryStreamExt};
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use sqlx::{Executor as _, postgres::PgRow};
use tenant_core::adapter::{RowCheck, Watching};
use tracing::Instrument as _;

use crate::{
    Error,
    hooks::Hooks,
    internals,
    link::{At, Link, Wire},
    watched::{self, Returned},
};

/// The rows of a statement, one by one. It holds the transaction's connection until it is dropped:
/// another call on the same transaction waits for that.
pub(crate) type RowStream<'a> = Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>;

pub(crate) type RowStreamFuture<'a> =
    Pin<Box<dyn Future<Output = Result<RowStream<'a>, DbErr>> + Send + 'a>>;

impl Link {
    pub(crate) async fn execute(
        &self,
        at: impl Into<At>,
        stmt: Statement,
    ) -> Result<ExecResult, DbErr> {
        let at = at.into();
        let run = async {
            let mut wire = self.enter(at.level).await?;
            let query = internals::query(&stmt, self.hooks.pooler);
            let conn = wire.send(at, &stmt.sql)?;
            let run = query.execute(conn);
            let result = self.hooks.watch("sea_orm.execute", &stmt, run).await;
            wire.settled(result.as_ref().err());
            self.told(result.map(Into::into).map_err(internals::exec_err))
        };
        run.instrument(self.span.clone()).await
    }

    pub(crate) async fn query_one(
        &self,
        at: impl Into<At>,
        stmt: Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        let at = at.into();
        let run = async {
            let mut wire = self.enter(at.level).await?;
            let query = internals::query(&stmt, self.hooks.pooler);
            let conn = wire.send(at, &stmt.sql)?;
            let run = query.fetch_optional(conn);
            let result = self.hooks.watch("sea_orm.query_one", &stmt, run).await;
            wire.settled(result.as_ref().err());
            let row = self.told(result.map_err(internals::query_err))?;
            self.looked_at(&mut wire, &row)?;
            Ok(row.map(Into::into))
        };
        run.instrument(self.span.clone()).await
    }

    pub(crate) async fn query_all(
        &self,
        at: impl Into<At>,
        stmt: Statement,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let at = at.into();
        let run = async {
            let mut wire = self.enter(at.level).await?;
            let query = internals::query(&stmt, self.hooks.pooler);
            let conn = wire.send(at, &stmt.sql)?;
            let run = query.fetch_all(conn);
            let result = self.hooks.watch("sea_orm.query_all", &stmt, run).await;
            wire.settled(result.as_ref().err());
            let rows = self.told(result.map_err(internals::query_err))?;
            self.looked_at(&mut wire, &rows)?;
            Ok(rows.into_iter().map(Into::into).collect())
        };
        run.instrument(self.span.clone()).await
    }

    /// Several statements in one message, unprepared.
    pub(crate) async fn execute_unprepared(
        &self,
        at: impl Into<At>,
        sql: &str,
    ) -> Result<ExecResult, DbErr> {
        let at = at.into();
        let run = async {
            let mut wire = self.enter(at.level).await?;
            let conn = wire.send(at, sql)?;
            let result = conn.execute(sqlx::AssertSqlSafe(sql)).await;
            wire.settled(result.as_ref().err());
            self.told(result.map(Into::into).map_err(internals::exec_err))
        };
        run.instrument(self.span.clone()).await
    }

    pub(crate) fn stream(&self, at: impl Into<At>, stmt: Statement) -> RowStreamFuture<'_> {
        let at = at.into();
        let open = async move {
            let mut wire = self.enter(at.level).await?;
            let stream: RowStream<'_> = Box::pin(async_stream::try_stream! {
                let mut told = Told::new(&self.hooks, &stmt);
                let mut check = self.check();
                let query = internals::query(&stmt, self.hooks.pooler);
                let mut rows = query.fetch(wire.send(at, &stmt.sql)?);
                loop {
                    let started = Instant::now();
                    let row = rows.try_next().await;
                    told.elapsed += started.elapsed();
                    match row {
                        Ok(Some(row)) => {
                            if let Some(check) = &mut check
                                && let Err(foreign) = check.row(&Returned(&row))
                            {
                                drop(rows);
                                wire.close_afterwards();
                                Err(Error::ForeignRow(foreign))?;
                                return;
                            }
                            yield QueryResult::from(row);
                        }
                        Ok(None) => break,
                        Err(error) => {
                            told.failed = true;
                            drop(rows);
                            wire.settled(Some(&error));
                            self.told(Err(internals::query_err(error)))?;
                            return;
                        }
                    }
                }
                drop(rows);
                wire.settled(None);
            });
            Ok(stream)
        };
        Box::pin(open.instrument(self.span.clone()))
    }
}

/// What the pool watches for.
impl Link {
    /// Passes a result on, and tells of a refusal.
    fn told<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let (Some(watching), Err(error)) = (self.watching(), &result) {
            watched::tell(watching, error);
        }
        result
    }

    /// How to look at a statement's rows, if it is its turn.
    fn check(&self) -> Option<RowCheck> {
        self.watching().and_then(Watching::statement)
    }

    fn looked_at<'r>(
        &self,
        wire: &mut Wire,
        rows: impl IntoIterator<Item = &'r PgRow>,
    ) -> Result<(), Error> {
        let Some(mut check) = self.check() else { return Ok(()) };
        for row in rows {
            check.row(&Returned(row)).map_err(|foreign| {
                wire.close_afterwards();
                Error::ForeignRow(foreign)
            })?;
        }
        Ok(())
    }
}

/// Tells the metric callback of a stream when it is over, also when it is dropped half-way.
struct Told<'a> {
    hooks: &'a Hooks,
    statement: &'a Statement,
    elapsed: Duration,
    failed: bool,
}

impl<'a> Told<'a> {
    fn new(hooks: &'a Hooks, statement: &'a Statement) -> Self {
        Self { hooks, statement, elapsed: Duration::ZERO, failed: false }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.hooks.tell(self.statement, self.elapsed, self.failed);
    }
}
