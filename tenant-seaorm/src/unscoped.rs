//! Why a handle without a tenant is no connection, in words.
//!
//! The traits are SeaORM's, so what the compiler says when one is missing would be its own. These
//! implementations are bounded by traits that nothing implements; the compiler then names the
//! missing bound, and with it our message. None of their functions can ever be called.

use std::{fmt, pin::Pin};

use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult,
    Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};

use crate::{
    SharedHandle, TenantDb, TenantTransaction,
    statements::{RowStream, RowStreamFuture},
};

mod sealed {
    pub trait Sealed {}
}

/// What [`TenantDb`] would have to be to run queries. Nothing is.
#[diagnostic::on_unimplemented(
    message = "`TenantDb` has no tenant, so it runs no queries",
    label = "this needs a database connection, and `TenantDb` is none",
    note = "for a tenant's tables: `let tx = db.begin(&scope).await?;`, then pass `&tx`",
    note = "for shared tables: `let shared = db.shared().await?;`, then `shared.all(query)`"
)]
pub trait RunsQueries: sealed::Sealed {
    #[doc(hidden)]
    fn never<X>() -> X;
}

/// What a shared handle would have to be to run any query. Nothing is.
#[diagnostic::on_unimplemented(
    message = "a shared handle is no database connection: it runs queries of shared tables only",
    label = "this needs a database connection that runs any query",
    note = "pass the query to the handle instead: `shared.all(query)`, `shared.one(query)`, `shared.exec(write)`, `shared.insert(model)`",
    note = "for a tenant's tables: `let tx = db.begin(&scope).await?;`, then pass `&tx`"
)]
pub trait RunsAnyQuery: sealed::Sealed {
    #[doc(hidden)]
    fn never<X>() -> X;
}

type Callback<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

macro_rules! never_a_connection {
    ($handle:ident<$kind:ident: $bound:ident>) => {
        #[doc(hidden)]
        #[async_trait::async_trait]
        impl<$kind: $bound> ConnectionTrait for $handle<$kind> {
            fn get_database_backend(&self) -> DbBackend {
                $kind::never()
            }
            async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
                $kind::never()
            }
            async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
                $kind::never()
            }
            async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
                $kind::never()
            }
            async fn query_all_raw(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
                $kind::never()
            }
        }

        #[doc(hidden)]
        impl<$kind: $bound> StreamTrait for $handle<$kind> {
            type Stream<'a>
                = RowStream<'a>
            where
                Self: 'a;
            fn get_database_backend(&self) -> DbBackend {
                $kind::never()
            }
            fn stream_raw(&self, _: Statement) -> RowStreamFuture<'_> {
                $kind::never()
            }
        }

        #[doc(hidden)]
        #[async_trait::async_trait]
        impl<$kind: $bound> TransactionTrait for $handle<$kind> {
            type Transaction = TenantTransaction;
            async fn begin(&self) -> Result<TenantTransaction, DbErr> {
                $kind::never()
            }
            async fn begin_with_config(
                &self,
                _: Option<IsolationLevel>,
                _: Option<AccessMode>,
            ) -> Result<TenantTransaction, DbErr> {
                $kind::never()
            }
            async fn begin_with_options(
                &self,
                _: TransactionOptions,
            ) -> Result<TenantTransaction, DbErr> {
                $kind::never()
            }
            async fn transaction<F, T, E>(&self, _: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c TenantTransaction) -> Callback<'c, T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                $kind::never()
            }
            async fn transaction_with_config<F, T, E>(
                &self,
                _: F,
                _: Option<IsolationLevel>,
                _: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c TenantTransaction) -> Callback<'c, T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                $kind::never()
            }
        }
    };
}

never_a_connection!(TenantDb<K: RunsQueries>);
never_a_connection!(SharedHandle<K: RunsAnyQuery>);
