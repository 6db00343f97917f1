use std::{fmt, sync::Arc};

use sea_orm::Value;
use tenant_core::CrossTenantScope;
use tracing::Instrument as _;

use crate::{
    Error, RawStatement, RawTransaction, connection::a_connection, link::Link, nesting::Level,
};

/// A transaction across tenants: a SeaORM connection on which every declared table can be reached,
/// with everybody's rows. [`AdminDb::begin`](crate::AdminDb::begin) opens it.
///
/// It implements what [`TenantTransaction`](crate::TenantTransaction) implements, and is cancelled
/// and dropped in the same way. An inserted row wants its tenant column, unless the scope is
/// [on behalf of](CrossTenantScope::on_behalf_of) a tenant. When the scope ends, statements and
/// `commit` are [`Error::Closed`]; see [`lasts`](CrossTenantScope::lasts) for what is under way then.
pub struct AdminTransaction {
    pub(crate) link: Arc<Link>,
    pub(crate) level: Level,
    scope: Arc<CrossTenantScope>,
}

impl AdminTransaction {
    pub(super) fn new(link: Arc<Link>, scope: Arc<CrossTenantScope>) -> Self {
        Self { link, level: Level::Root, scope }
    }

    /// Another handle of the same transaction, at the savepoint that was just opened.
    pub(crate) fn nested(&self, level: Level) -> Self {
        Self { link: self.link.clone(), level, scope: self.scope.clone() }
    }

    /// As [`TenantTransaction::commit`](crate::TenantTransaction::commit).
    ///
    /// # Errors
    /// As there; [`Error::Closed`] also when the scope has ended.
    pub async fn commit(self) -> Result<(), Error> {
        let commit = self.link.commit(self.level);
        commit.instrument(self.link.span.clone()).await
    }

    /// As [`TenantTransaction::rollback`](crate::TenantTransaction::rollback). The audit record
    /// stays.
    ///
    /// # Errors
    /// As there.
    pub async fn rollback(self) -> Result<(), Error> {
        let rollback = self.link.rollback(self.level);
        rollback.instrument(self.link.span.clone()).await
    }

    /// The scope that opened it.
    pub fn scope(&self) -> &CrossTenantScope {
        &self.scope
    }

    /// As [`TenantTransaction::raw`](crate::TenantTransaction::raw); no policy narrows it.
    pub fn raw(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> RawStatement<'_> {
        RawStatement::new(&self.link, self.level, sql, values)
    }

    /// As [`TenantTransaction::raw_unchecked`](crate::TenantTransaction::raw_unchecked).
    ///
    /// # Authority
    /// Unchecked, and the admin's: injected, it reads every tenant, and can begin a transaction that
    /// writes. The reason is logged, and the connection is closed after the transaction.
    pub fn raw_unchecked(&self, reason: &'static str) -> RawTransaction<'_> {
        let actor = self.scope.actor();
        tracing::warn!(target: "tenant", actor, reason, "raw SQL is switched on across tenants");
        RawTransaction::new(&self.link, self.level)
    }
}

impl fmt::Debug for AdminTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminTransaction")
            .field("scope", &self.scope)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

a_connection!(AdminTransaction);
