use std::{fmt, sync::Arc};

use tenant_core::{TenantId, TenantScope, Verified};
use tracing::Instrument as _;

use crate::{
    Error, SharedView, connection::a_connection, link::Link, nesting::Level, shared::Audit,
};

/// A transaction for one tenant: what repository code takes as `&impl ConnectionTrait`.
///
/// [`TenantDb::begin`](crate::TenantDb::begin) opens it with the tenant, the role and the
/// `search_path` in the same message as `BEGIN`, on a connection that it owns. Every query on it
/// sees this tenant's rows and no others, whatever its `WHERE` says; every insert gets the tenant
/// by the column's default.
///
/// It implements SeaORM's `ConnectionTrait`, `StreamTrait`, `TransactionTrait` (nested transactions
/// are savepoints, of this same type) and `TransactionSession`. Raw SQL is off on it: see
/// [`raw`](Self::raw).
///
/// ```
/// # mod invoice {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "invoices")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub total: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
///
/// // called with `&tx`
/// async fn open_invoices(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
///     invoice::Entity::find().filter(invoice::Column::Total.gt(0)).count(db).await
/// }
/// ```
///
/// # Cancellation
/// Any future of it can be dropped. A dropped query may or may not have run; the transaction stays
/// usable, and the next call first waits for the dropped one's end. If the dropped call was one
/// that begins, commits or rolls back, the outcome is unknown, every later call and `commit` is
/// [`Error::Closed`], and the connection is closed instead of being lent again.
///
/// Dropping the transaction rolls it back, in the background: the connection is lent again when
/// that is confirmed, and closed if it is not within five seconds. A dropped nested one is rolled
/// back by whoever comes next.
///
/// # One at a time
/// Calls on one transaction run one after another. A stream holds it until it is dropped or read
/// to its end: a query on the same transaction in between waits, as on SeaORM's own, and forever
/// if it is the same task that should read on.
pub struct TenantTransaction {
    pub(crate) link: Arc<Link>,
    pub(crate) level: Level,
    pub(crate) audit: Arc<Audit>,
    scope: Arc<TenantScope<Verified>>,
}

impl TenantTransaction {
    pub(crate) fn new(
        link: Arc<Link>,
        scope: Arc<TenantScope<Verified>>,
        audit: Arc<Audit>,
    ) -> Self {
        Self { link, level: Level::Root, audit, scope }
    }

    /// Another handle of the same transaction, at the savepoint that was just opened.
    pub(crate) fn nested(&self, level: Level) -> Self {
        Self {
            link: self.link.clone(),
            level,
            audit: self.audit.clone(),
            scope: self.scope.clone(),
        }
    }

    /// Commits, or, of a nested one, keeps what it did for the transaction around it to commit.
    ///
    /// # Errors
    /// [`Error::CommitAborted`] when a statement failed earlier: PostgreSQL would call the
    /// rollback that follows a success. [`Error::Commit`] when the server refuses now, as for a
    /// deferred constraint. [`Error::CommitUnknown`] when the connection is lost meanwhile.
    /// [`Error::Closed`] when a nested one is still open, when the state is unknown, or when raw
    /// SQL ended the transaction. But for `CommitUnknown`, and for what raw SQL committed itself,
    /// nothing was committed.
    ///
    /// # Cancellation
    /// Dropped half-way, it may or may not have been committed; the connection is closed.
    pub async fn commit(self) -> Result<(), Error> {
        let commit = self.link.commit(self.level);
        commit.instrument(self.link.span.clone()).await
    }

    /// Rolls back, or, of a nested one, back to where it began.
    ///
    /// # Errors
    /// [`Error::Rollback`] when it is not confirmed; the connection is closed then, and nothing is
    /// committed. [`Error::Closed`] as for [`commit`](Self::commit).
    ///
    /// # Cancellation
    /// Dropped half-way, the connection is closed, which rolls back, too.
    pub async fn rollback(self) -> Result<(), Error> {
        let rollback = self.link.rollback(self.level);
        rollback.instrument(self.link.span.clone()).await
    }

    /// The scope that opened it.
    pub fn scope(&self) -> &TenantScope<Verified> {
        &self.scope
    }

    /// The tenant that it is for.
    pub fn tenant_id(&self) -> &TenantId {
        self.scope.id()
    }

    /// A view of the shared tables inside of this transaction, on which a tenant's table does not
    /// compile. The tenant's role reads them; to write them, use
    /// [`TenantDb::shared`](crate::TenantDb::shared).
    pub fn shared(&self) -> SharedView<'_> {
        SharedView::of(self)
    }
}

impl fmt::Debug for TenantTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantTransaction")
            .field("tenant", self.tenant_id())
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

a_connection!(TenantTransaction);
