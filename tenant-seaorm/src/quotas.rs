//! Quotas, asked and used inside a tenant's transaction.

use sea_orm::{DbBackend, Statement};
use tenant_core::{Quota, QuotaUsage};

use crate::{Error, TenantTransaction};

impl TenantTransaction {
    /// How much of a quota this tenant has used, and may: for a quick and friendly answer. The
    /// database asks itself the same when something is written.
    ///
    /// ```no_run
    /// # async fn f(tx: tenant_seaorm::TenantTransaction) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_seaorm::{Quota, TableName};
    ///
    /// let invoices = tx.quota(&Quota::rows(&TableName::new("invoices")?)).await?;
    /// if !invoices.has_room_for(1) {
    ///     println!("{} of {:?} invoices", invoices.used, invoices.max);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What the database said.
    pub async fn quota(&self, quota: &Quota) -> Result<QuotaUsage, Error> {
        let values = [quota.name().into()];
        let ask = Statement::from_sql_and_values(DbBackend::Postgres, QuotaUsage::QUERY, values);
        let row = self.link.query_one(self.level, ask).await.map_err(|e| self.classify(e))?;
        let Some(row) = row else { return Ok(QuotaUsage::new(0, None, None)) };
        let column = |error| self.classify(error);
        Ok(QuotaUsage::new(
            row.try_get("", "used").map_err(column)?,
            row.try_get("", "max").map_err(column)?,
            row.try_get("", "resets").map_err(column)?,
        ))
    }

    /// Uses `n` of a counter, as part of this transaction: rolled back, they were not used. Writers of
    /// the same tenant and counter take turns.
    ///
    /// # Errors
    /// [`Error::QuotaExceeded`] when that many are not left, after which the transaction can only be
    /// rolled back; else what the database said: `n` is at least 1, and rows count themselves.
    pub async fn use_quota(&self, quota: &Quota, n: i64) -> Result<(), Error> {
        let values = [quota.name().into(), n.into()];
        let take = Statement::from_sql_and_values(DbBackend::Postgres, QuotaUsage::USE, values);
        self.link.query_one(self.level, take).await.map_err(|e| self.classify(e))?;
        Ok(())
    }

    fn classify(&self, error: sea_orm::DbErr) -> Error {
        Error::classify(Some(self.tenant_id()), error)
    }
}
