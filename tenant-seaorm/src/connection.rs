//! What makes a transaction one of SeaORM's connections, for the tenant's and the admin's alike.

/// SeaORM's traits for a handle with a `link` and a `level`.
macro_rules! a_connection {
    ($transaction:ident) => {
        impl Drop for $transaction {
            fn drop(&mut self) {
                self.link.dropped(self.level);
            }
        }

        #[async_trait::async_trait]
        impl sea_orm::ConnectionTrait for $transaction {
            fn get_database_backend(&self) -> sea_orm::DbBackend {
                sea_orm::DbBackend::Postgres
            }

            /// Refused: see `raw` and `raw_unchecked`.
            async fn execute_raw(
                &self,
                _: sea_orm::Statement,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                Err($crate::raw::refused().into())
            }

            async fn execute<S: sea_orm::StatementBuilder>(
                &self,
                stmt: &S,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                let stmt = sea_orm::DbBackend::Postgres.build(stmt);
                self.link.execute(self.level, stmt).await
            }

            /// Refused: see `raw` and `raw_unchecked`.
            async fn execute_unprepared(
                &self,
                _: &str,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                Err($crate::raw::refused().into())
            }

            /// Refused: see `raw` and `raw_unchecked`.
            async fn query_one_raw(
                &self,
                _: sea_orm::Statement,
            ) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                Err($crate::raw::refused().into())
            }

            async fn query_one<S: sea_orm::StatementBuilder>(
                &self,
                stmt: &S,
            ) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                let stmt = sea_orm::DbBackend::Postgres.build(stmt);
                self.link.query_one(self.level, stmt).await
            }

            /// Refused: see `raw` and `raw_unchecked`.
            async fn query_all_raw(
                &self,
                _: sea_orm::Statement,
            ) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                Err($crate::raw::refused().into())
            }

            async fn query_all<S: sea_orm::StatementBuilder>(
                &self,
                stmt: &S,
            ) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                let stmt = sea_orm::DbBackend::Postgres.build(stmt);
                self.link.query_all(self.level, stmt).await
            }
        }

        impl sea_orm::StreamTrait for $transaction {
            type Stream<'a> = $crate::statements::RowStream<'a>;

            fn get_database_backend(&self) -> sea_orm::DbBackend {
                sea_orm::DbBackend::Postgres
            }

            /// Refused: see `raw` and `raw_unchecked`.
            fn stream_raw(&self, _: sea_orm::Statement) -> $crate::statements::RowStreamFuture<'_> {
                Box::pin(std::future::ready(Err($crate::raw::refused().into())))
            }

            fn stream<'a, S: sea_orm::StatementBuilder + Sync>(
                &'a self,
                stmt: &S,
            ) -> $crate::statements::RowStreamFuture<'a> {
                self.link.stream(self.level, sea_orm::DbBackend::Postgres.build(stmt))
            }
        }
    };
}

pub(crate) use a_connection;
