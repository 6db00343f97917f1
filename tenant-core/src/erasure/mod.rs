//! A tenant's end: all its rows, in order, with a proof that they are gone.

mod chunks;
mod error;
mod hanging;
mod look;
mod plan;
mod receipt;
mod registered;
#[cfg(feature = "export")]
mod rows_only;
mod run;
mod statements;

pub use error::ErasureError;
pub use plan::{AlsoAffected, ErasurePlan, PlannedTable};
pub use receipt::{ErasedTable, ErasureReceipt, KeptTable};
#[cfg(feature = "export")]
pub(crate) use statements::delete_whole;

use crate::{
    Layout, Reporter, SealKey, SqlSession, TableName, Tenancy, TenantId, tenants::TenantsError,
    work::Work,
};

/// Erases a tenant: its rows in every table that has a tenant column, declared or not, its members,
/// and its row in the registry. What stays is a tombstone, which keeps the id from being given again,
/// and the audit log.
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession, tenancy: tenant_core::Tenancy, key: tenant_core::SealKey)
/// # -> Result<(), tenant_core::ErasureError> {
/// use tenant_core::{Erasure, TenantId};
///
/// let erasure = Erasure::new(&tenancy, TenantId::from(7)).sign_with(&key);
/// println!("{}", erasure.plan(&session).await?); // as `shop_admin`; changes nothing
/// let receipt = erasure.run(&session, "alice@support", "contract ended, request 4711").await?;
/// println!("{}", serde_json::to_string_pretty(&receipt).unwrap_or_default());
/// # Ok(()) }
/// ```
///
/// Suspend the tenant first, and wait as long as a pool takes an old scope for good (`max_scope_age`,
/// five minutes): a transaction that was opened before can still write. Where the context is sealed,
/// none is opened any more. Running it again erases what came late.
///
/// # Authority
/// A session with the `…_admin` login. Tables that nobody declared are not the admin's: their owner's
/// login can erase them, or whoever was granted that.
#[derive(Debug, Clone)]
pub struct Erasure {
    tenancy: Tenancy,
    id: TenantId,
    layout: Option<Layout>,
    undeclared: bool,
    unregistered: bool,
    rows_only: bool,
    kept: Vec<(TableName, String)>,
    chunk: Option<u32>,
    key: Option<SealKey>,
    reporter: Reporter,
}

impl Erasure {
    /// The erasure of this tenant.
    pub fn new(tenancy: &Tenancy, id: impl Into<TenantId>) -> Self {
        Self {
            tenancy: tenancy.clone(),
            id: id.into(),
            layout: None,
            undeclared: false,
            unregistered: false,
            rows_only: false,
            kept: Vec::new(),
            chunk: None,
            key: None,
            reporter: Reporter::default(),
        }
    }

    /// The layout of the installation, if its first schema is not `public`.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// Erases the tenant's rows also in tables that are not declared as tenants' and have a column of
    /// a tenant column's name and type. Without it, rows there refuse the erasure.
    pub fn and_undeclared(mut self) -> Self {
        self.undeclared = true;
        self
    }

    /// Leaves the rows of this table, which the plan and the receipt then say, with the reason: for
    /// invoices that the law wants kept, or a column that only has the name of a tenant's.
    pub fn keep(mut self, table: TableName, reason: impl Into<String>) -> Self {
        self.kept.push((table, reason.into()));
        self
    }

    /// Erases a tenant that `tenancy.tenants` does not know, for applications with a registry of their
    /// own: nothing but the tombstone says then that it is on its way out, and no legal hold is looked for.
    pub fn unregistered(mut self) -> Self {
        self.unregistered = true;
        self
    }

    /// Erases in transactions of about so many rows, for tables so big that one transaction would
    /// hold too much for too long. The tenant's status becomes `deleted` first; whatever ends it half-way,
    /// running it again goes on from there. Tables on a cycle of foreign keys that cannot be opened by
    /// setting columns NULL are erased as a whole.
    pub fn in_chunks(mut self, rows: u32) -> Self {
        self.chunk = Some(rows.max(1));
        self
    }

    /// Signs the receipt with this key. Without one the receipt has a hash, which the audit log and
    /// the tombstone have too, and no signature.
    pub fn sign_with(mut self, key: &SealKey) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Tells this how far it has come.
    pub fn report(mut self, reporter: Reporter) -> Self {
        self.reporter = reporter;
        self
    }

    /// What it would erase, and what is in its way. Nothing is changed.
    ///
    /// # Errors
    /// [`ErasureError::Core`].
    pub async fn plan<S: SqlSession + ?Sized>(
        &self,
        session: &S,
    ) -> Result<ErasurePlan, ErasureError> {
        TenantsError::check_key(&self.id, self.tenancy.key())?;
        let work = Work::look(session).await?;
        Ok(look::Look::take(self, &work, false).await?.plan(self))
    }

    /// Erases, counts in the same transaction that nothing is left, and gives the receipt.
    ///
    /// Dropping the future leaves everything as it was, or done; in chunks, what was done until then.
    ///
    /// # Errors
    /// Those of [`ErasureError`]; none but [`Core`](ErasureError::Core) after something was changed,
    /// and that in chunks only, whose next run goes on.
    pub async fn run<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        actor: &str,
        reason: &str,
    ) -> Result<ErasureReceipt, ErasureError> {
        TenantsError::check_key(&self.id, self.tenancy.key())?;
        for (what, text) in [("the actor", actor), ("the reason", reason)] {
            if text.trim().is_empty() {
                return Err(ErasureError::Unaccountable { what });
            }
        }
        let work = Work::begin(session).await?;
        let erased = self.run_in(&work, actor, reason).await;
        work.end(erased, Into::into).await
    }

    async fn run_in(
        &self,
        work: &Work,
        actor: &str,
        reason: &str,
    ) -> Result<ErasureReceipt, ErasureError> {
        if let Some(rows) = self.chunk {
            chunks::run(self, work, rows, actor, reason).await?;
        }
        run::run(self, work, actor, reason).await
    }
}
