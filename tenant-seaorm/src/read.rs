//! One query in a read-only transaction of its own, at whose end nobody waits.

use sea_orm::{
    AccessMode, DbErr, EntityTrait, Select, SelectTwo, SelectTwoMany, SelectTwoRequired,
    TransactionOptions,
};
use tenant_core::{IsVerified, TenantScope};

use crate::{DeclaredOnce, Error, TenantDb, TenantTransaction, db::BoxFuture};

mod sealed {
    pub trait Sealed {}
}

/// A `SELECT` of declared entities, as [`TenantDb::read`] wants it.
#[diagnostic::on_unimplemented(
    message = "`read` takes one `SELECT` of declared entities, and `{Self}` is none",
    label = "it may write, or its type hides which entities it reads",
    note = "pass `Entity::find()`, with `find_also_related` and the like where wanted",
    note = "in a transaction it runs: `let tx = db.begin(&scope).await?;`, then run it on `&tx` and `tx.commit().await?`"
)]
pub trait Reads: sealed::Sealed + Sized + Send {
    /// What a row is read as.
    type Item: Send;

    #[doc(hidden)]
    fn all_on(
        self,
        tx: &TenantTransaction,
    ) -> impl Future<Output = Result<Vec<Self::Item>, DbErr>> + Send;
}

type Row<E> = <E as EntityTrait>::Model;

macro_rules! reads {
    ($select:ty, [$($entity:ident),+], $item:ty) => {
        impl<$($entity: DeclaredOnce),+> sealed::Sealed for $select {}

        impl<$($entity),+> Reads for $select
        where
            $($entity: DeclaredOnce<Model: Send + Sync>,)+
        {
            type Item = $item;

            async fn all_on(self, tx: &TenantTransaction) -> Result<Vec<$item>, DbErr> {
                self.all(tx).await
            }
        }
    };
}

reads!(Select<E>, [E], Row<E>);
reads!(SelectTwo<E, F>, [E, F], (Row<E>, Option<Row<F>>));
reads!(SelectTwoRequired<E, F>, [E, F], (Row<E>, Row<F>));
reads!(SelectTwoMany<E, F>, [E, F], (Row<E>, Vec<Row<F>>));

impl TenantDb {
    /// Runs one `SELECT` for the scope's tenant, in a read-only transaction of its own, and waits for
    /// two round trips: its `BEGIN` and the query. It ends in the background, and its connection is
    /// lent again when that is confirmed.
    ///
    /// (`tenant-diesel` waits for one. sqlx sends nothing before the answer to `BEGIN` is in.)
    ///
    /// What the query calls cannot write either: the server refuses it.
    ///
    /// ```no_run
    /// # use sea_orm::entity::prelude::*;
    /// # use tenant_seaorm::{Error, TenantDb, TenantScope, Verified};
    /// # mod invoice {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[sea_orm::model]
    /// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "invoice")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub total: i32 }
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # tenant_seaorm::tenancy! { static TENANCY; tenant { invoice } shared {} }
    /// # async fn f(db: TenantDb, scope: TenantScope<Verified>) -> Result<(), Error> {
    /// let large = invoice::Entity::find().filter(invoice::Column::Total.gt(1000));
    /// let invoices: Vec<invoice::Model> = db.read(&scope, large).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and whatever [`Error::classify`] says of the query's own.
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin), and as with [`TenantTransaction`].
    pub fn read<'a, S, Q>(
        &'a self,
        scope: &TenantScope<S>,
        query: Q,
    ) -> BoxFuture<'a, Result<Vec<Q::Item>, Error>>
    where
        S: IsVerified,
        Q: Reads + 'a,
    {
        let access_mode = Some(AccessMode::ReadOnly);
        let begin =
            self.begin_with(scope, TransactionOptions { access_mode, ..Default::default() });
        Box::pin(async move {
            let tx = begin.await?;
            // Dropped, it is rolled back in the background: there is nothing to commit.
            query.all_on(&tx).await.map_err(|error| Error::classify(Some(tx.tenant_id()), error))
        })
    }
}
