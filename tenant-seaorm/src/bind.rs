use std::sync::Arc;

use tenant_core::{TenantId, TenantScope, Verified, adapter::Opening};

use crate::Error;

/// What sets a transaction's tenant again. It is rendered when it is sent: a sealed one is good for
/// seconds.
pub(crate) struct Bind {
    opening: Arc<Opening>,
    scope: Arc<TenantScope<Verified>>,
}

impl Bind {
    pub(crate) fn new(opening: Arc<Opening>, scope: Arc<TenantScope<Verified>>) -> Self {
        Self { opening, scope }
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        self.scope.id()
    }

    pub(crate) fn sql(&self) -> Result<String, Error> {
        Ok(self.opening.bind(&self.scope)?)
    }
}
