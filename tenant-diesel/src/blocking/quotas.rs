//! Quotas, asked and used inside a tenant's transaction.

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use tenant_core::{Quota, QuotaUsage};

use super::TenantTransaction;
use crate::{Error, quotas::Usage};

impl TenantTransaction {
    /// As [`TenantTransaction::quota`](crate::TenantTransaction::quota).
    ///
    /// # Errors
    /// As there.
    pub fn quota(&mut self, quota: &Quota) -> Result<QuotaUsage, Error> {
        let tenant = self.tenant_id().clone();
        let ask = diesel::sql_query(QuotaUsage::QUERY).bind::<Text, _>(quota.name());
        let usage = self
            .connection
            .open()
            .and_then(|connection| RunQueryDsl::get_result::<Usage>(ask, connection).optional());
        usage.map(Usage::of).map_err(|e| Error::classify(Some(&tenant), e))
    }

    /// As [`TenantTransaction::use_quota`](crate::TenantTransaction::use_quota).
    ///
    /// # Errors
    /// As there.
    pub fn use_quota(&mut self, quota: &Quota, n: i64) -> Result<(), Error> {
        let tenant = self.tenant_id().clone();
        let take =
            diesel::sql_query(QuotaUsage::USE).bind::<Text, _>(quota.name()).bind::<BigInt, _>(n);
        let used =
            self.connection.open().and_then(|connection| RunQueryDsl::execute(take, connection));
        used.map(drop).map_err(|e| Error::classify(Some(&tenant), e))
    }
}
