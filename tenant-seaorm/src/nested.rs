//! SeaORM's traits for nested transactions: savepoints of the same type, for the same tenant.

use std::{fmt, pin::Pin};

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionSession,
    TransactionTrait,
};
use tracing::Instrument as _;

use crate::{AdminTransaction, Error, TenantTransaction};

type Callback<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// For a handle with a `link`, a `level`, and `nested`, which gives another one of the same kind.
macro_rules! nests {
    ($transaction:ident) => {
        impl $transaction {
            /// A savepoint has no isolation level of its own; it can be read only.
            async fn nest(
                &self,
                isolation: Option<IsolationLevel>,
                access: Option<AccessMode>,
            ) -> Result<Self, DbErr> {
                if isolation.is_some() {
                    return Err(Error::Nested {
                        why: "PostgreSQL knows the isolation level of a whole transaction only; open that \
                              with `db.begin_with(&scope, options)`",
                    }
                    .into());
                }
                // The server refuses a READ WRITE one inside of a READ ONLY one.
                let and_then = match access {
                    None => "",
                    Some(AccessMode::ReadOnly) => "; SET TRANSACTION READ ONLY",
                    Some(AccessMode::ReadWrite) => "; SET TRANSACTION READ WRITE",
                };
                let nest = self.link.nest(self.level, and_then);
                let level = nest.instrument(self.link.span.clone()).await?;
                Ok(self.nested(level))
            }

            async fn run<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c Self) -> Callback<'c, T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                let failed = |error: Error| TransactionError::Connection(error.into());
                match callback(&self).await {
                    Ok(value) => {
                        self.commit().await.map_err(failed)?;
                        Ok(value)
                    }
                    Err(error) => {
                        self.rollback().await.map_err(failed)?;
                        Err(TransactionError::Transaction(error))
                    }
                }
            }
        }

        #[async_trait::async_trait]
        impl TransactionTrait for $transaction {
            type Transaction = Self;

            async fn begin(&self) -> Result<Self, DbErr> {
                self.nest(None, None).await
            }

            async fn begin_with_config(
                &self,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<Self, DbErr> {
                self.nest(isolation_level, access_mode).await
            }

            async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
                self.nest(options.isolation_level, options.access_mode).await
            }

            async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c Self) -> Callback<'c, T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                self.transaction_with_config(callback, None, None).await
            }

            async fn transaction_with_config<F, T, E>(
                &self,
                callback: F,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c Self) -> Callback<'c, T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                let nested = self.nest(isolation_level, access_mode).await;
                nested.map_err(TransactionError::Connection)?.run(callback).await
            }
        }

        #[async_trait::async_trait]
        impl TransactionSession for $transaction {
            async fn commit(self) -> Result<(), DbErr> {
                Ok(Self::commit(self).await?)
            }

            async fn rollback(self) -> Result<(), DbErr> {
                Ok(Self::rollback(self).await?)
            }
        }
    };
}

nests!(TenantTransaction);
nests!(AdminTransaction);
