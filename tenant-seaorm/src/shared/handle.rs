use std::{fmt, marker::PhantomData, sync::Arc};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DbErr, DeleteResult, EntityTrait, IntoActiveModel,
};
use tracing::Instrument as _;

use super::{
    Audit, BoundSelect, SharedConnection, SharedReturning, SharedSelect, SharedSelectOne,
    SharedWrite,
};
use crate::{Error, SharedEntity, TenantTransaction, link::Link, nesting::Level};

/// A handle for shared tables, on which a tenant's table does not compile: `shared.all(query)`
/// instead of `query.all(&connection)`.
///
/// Queries are SeaORM's own. Each goes through three gates: its entities must be declared under
/// `shared` in `tenancy!`, or it does not compile; the statement is walked and its SQL scanned
/// for what types cannot see (`.join(RelationDef)`, subqueries, `Expr::cust`…), and refused with
/// [`Error::TenantTable`] before anything is sent; and the role of the connection has no grant on
/// a tenant's table.
///
/// There are two: [`SharedTransaction`] and [`SharedView`].
///
/// ```no_run
/// # use sea_orm::{DbErr, QuerySelect, entity::prelude::*};
/// # mod plan {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "plan")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub name: String }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # tenant_seaorm::tenancy! { static TENANCY; tenant {} shared { plan } }
/// # async fn f(db: &tenant_seaorm::TenantDb) -> Result<(), Box<dyn std::error::Error>> {
/// let shared = db.shared().await?;
/// let plans = shared.all(plan::Entity::find()).await?;
/// let names = plan::Entity::find().select_only().column(plan::Column::Name);
/// let names = shared.query(names)?.into_tuple::<String>().all().await?;
/// shared.commit().await?;
/// # Ok(()) }
/// ```
pub struct SharedHandle<K> {
    pub(super) conn: SharedConnection,
    kind: PhantomData<fn() -> K>,
}

/// A shared handle with a transaction of its own: [`TenantDb::shared`](crate::TenantDb::shared).
///
/// Dropping it rolls back. Cancellation is as with [`TenantTransaction`].
pub type SharedTransaction = SharedHandle<OwnTransaction>;

/// A shared handle inside of a tenant's transaction: [`TenantTransaction::shared`].
pub type SharedView<'a> = SharedHandle<InTenantTransaction<'a>>;

/// The kind of a [`SharedTransaction`].
#[derive(Debug, Clone, Copy)]
pub enum OwnTransaction {}

/// The kind of a [`SharedView`].
#[derive(Debug, Clone, Copy)]
pub struct InTenantTransaction<'a>(PhantomData<&'a TenantTransaction>);

impl SharedTransaction {
    pub(crate) fn new(link: Arc<Link>, audit: Arc<Audit>) -> Self {
        let level = Level::Root;
        let conn = SharedConnection { link, level, audit };
        let kind = PhantomData;
        Self { conn, kind }
    }

    /// Commits.
    ///
    /// # Errors
    /// As [`TenantTransaction::commit`].
    ///
    /// # Cancellation
    /// Dropped half-way, it may or may not have been committed; the connection is closed.
    pub async fn commit(self) -> Result<(), Error> {
        let link = &self.conn.link;
        link.commit(Level::Root).instrument(link.span.clone()).await
    }

    /// Rolls back.
    ///
    /// # Errors
    /// As [`TenantTransaction::rollback`].
    ///
    /// # Cancellation
    /// Dropped half-way, the connection is closed, which rolls back, too.
    pub async fn rollback(self) -> Result<(), Error> {
        let link = &self.conn.link;
        link.rollback(Level::Root).instrument(link.span.clone()).await
    }
}

impl<'a> SharedView<'a> {
    pub(crate) fn of(tx: &'a TenantTransaction) -> Self {
        Self {
            conn: SharedConnection {
                link: tx.link.clone(),
                level: tx.level,
                audit: tx.audit.clone(),
            },
            kind: PhantomData,
        }
    }
}

/// All of these run one statement, or two where SeaORM runs two, and can be dropped at any point
/// as with [`TenantTransaction`].
impl<K> SharedHandle<K> {
    /// All rows of a query.
    ///
    /// # Errors
    /// [`Error::TenantTable`] inside of the [`DbErr`] when it touches a table that is not shared;
    /// otherwise what SeaORM says.
    pub async fn all<Q: SharedSelect>(&self, query: Q) -> Result<Vec<Q::Item>, DbErr> {
        query.check(&self.conn)?;
        query.all_on(&self.conn).await
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn one<Q: SharedSelectOne>(&self, query: Q) -> Result<Option<Q::Item>, DbErr> {
        query.check(&self.conn)?;
        query.one_on(&self.conn).await
    }

    /// Binds a query to this handle, for everything else that SeaORM does with one: counting,
    /// paginating, cursors, streams, other models and tuples.
    ///
    /// # Errors
    /// [`Error::TenantTable`] inside of the [`DbErr`], as [`all`](Self::all).
    pub fn query<Q: SharedSelect>(&self, query: Q) -> Result<BoundSelect<'_, Q>, DbErr> {
        query.check(&self.conn)?;
        Ok(BoundSelect::new(query, &self.conn))
    }

    /// Runs a write: `insert`, `insert_many`, `update`, `update_many`, `delete` or `delete_many`
    /// of an entity, as its own `exec` does.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn exec<W: SharedWrite>(&self, write: W) -> Result<W::Output, DbErr> {
        write.check(&self.conn)?;
        write.exec_on(&self.conn).await
    }

    /// Runs a write and returns the rows that it wrote, as its own `exec_with_returning` does.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn exec_with_returning<W: SharedReturning>(
        &self,
        write: W,
    ) -> Result<W::Rows, DbErr> {
        write.check(&self.conn)?;
        write.returning_on(&self.conn).await
    }

    /// Inserts an active model, its hooks included.
    ///
    /// # Errors
    /// What SeaORM says.
    pub async fn insert<A>(&self, model: A) -> Result<<A::Entity as EntityTrait>::Model, DbErr>
    where
        A: ActiveModelTrait<Entity: SharedEntity> + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        model.insert(&self.conn).await
    }

    /// Updates an active model, its hooks included.
    ///
    /// # Errors
    /// What SeaORM says.
    pub async fn update<A>(&self, model: A) -> Result<<A::Entity as EntityTrait>::Model, DbErr>
    where
        A: ActiveModelTrait<Entity: SharedEntity> + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        model.update(&self.conn).await
    }

    /// Inserts an active model without a primary key, updates one with, its hooks included.
    ///
    /// # Errors
    /// What SeaORM says.
    pub async fn save<A>(&self, model: A) -> Result<A, DbErr>
    where
        A: ActiveModelTrait<Entity: SharedEntity> + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        model.save(&self.conn).await
    }

    /// Deletes an active model, its hooks included.
    ///
    /// # Errors
    /// What SeaORM says.
    pub async fn delete<A>(&self, model: A) -> Result<DeleteResult, DbErr>
    where
        A: ActiveModelTrait<Entity: SharedEntity> + ActiveModelBehavior + Send,
    {
        model.delete(&self.conn).await
    }
}

impl<K> fmt::Debug for SharedHandle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHandle").finish_non_exhaustive()
    }
}
