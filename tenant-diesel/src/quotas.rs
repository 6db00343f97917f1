//! Quotas, asked and used inside a tenant's transaction.

use diesel::{
    OptionalExtension, QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use tenant_core::{Quota, QuotaUsage};

use crate::{Error, TenantTransaction};

/// What [`QuotaUsage::QUERY`] answers.
#[derive(QueryableByName)]
pub(crate) struct Usage {
    #[diesel(sql_type = BigInt)]
    used: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    max: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    resets: Option<String>,
}

impl Usage {
    pub(crate) fn of(found: Option<Self>) -> QuotaUsage {
        found.map_or_else(
            || QuotaUsage::new(0, None, None),
            |usage| QuotaUsage::new(usage.used, usage.max, usage.resets),
        )
    }
}

impl TenantTransaction {
    /// How much of a quota this tenant has used, and may: for a quick and friendly answer. The
    /// database asks itself the same when something is written.
    ///
    /// ```no_run
    /// # async fn f(mut tx: tenant_diesel::TenantTransaction) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_diesel::{Quota, TableName};
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
    pub async fn quota(&mut self, quota: &Quota) -> Result<QuotaUsage, Error> {
        let tenant = self.tenant_id().clone();
        let ask = diesel::sql_query(QuotaUsage::QUERY).bind::<Text, _>(quota.name());
        let usage = match self.connection.open() {
            Ok(connection) => RunQueryDsl::get_result::<Usage>(ask, connection).await.optional(),
            Err(error) => Err(error),
        };
        usage.map(Usage::of).map_err(|e| Error::classify(Some(&tenant), e))
    }

    /// Uses `n` of a counter, as part of this transaction: rolled back, they were not used. Writers of
    /// the same tenant and counter take turns.
    ///
    /// # Errors
    /// [`Error::QuotaExceeded`] when that many are not left, after which the transaction can only be
    /// rolled back; else what the database said: `n` is at least 1, and rows count themselves.
    pub async fn use_quota(&mut self, quota: &Quota, n: i64) -> Result<(), Error> {
        let tenant = self.tenant_id().clone();
        let take =
            diesel::sql_query(QuotaUsage::USE).bind::<Text, _>(quota.name()).bind::<BigInt, _>(n);
        let used = match self.connection.open() {
            Ok(connection) => RunQueryDsl::execute(take, connection).await,
            Err(error) => Err(error),
        };
        used.map(drop).map_err(|e| Error::classify(Some(&tenant), e))
    }
}
