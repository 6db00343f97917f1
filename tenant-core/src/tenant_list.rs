use async_trait::async_trait;

use crate::{RegistryError, TenantId};

/// Which tenants there are, for work that is done for all of them
/// ([`for_each_tenant`](crate::for_each_tenant)).
#[async_trait]
pub trait TenantList: Send + Sync {
    /// The ids of active tenants, in a fixed order, behind `after` or from the first: at most `limit`,
    /// and none only where there are no more.
    ///
    /// # Errors
    /// When it cannot say.
    async fn active_after(
        &self,
        after: Option<&TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantId>, RegistryError>;
}
