use tracing::debug;

use crate::Named;

/// Who asks, as an authenticating resolver knows it, and perhaps for which tenant.
///
/// The registry is asked whether the user is a member of the tenant, whatever named the tenant. The
/// tenant's epoch is compared with [`epoch`](Self::epoch), which is 0 unless said.
///
/// ```
/// use tenant_axum::{Authenticated, Named};
///
/// let alice = Authenticated::user("alice");
/// let at_acme = alice.tenant(Named::Slug("acme".into())).epoch(3);
/// # let _ = at_acme;
/// ```
#[derive(Debug, Clone)]
pub struct Authenticated {
    pub(crate) user: Option<String>,
    pub(crate) tenant: Option<Named>,
    pub(crate) epoch: Option<i64>,
    pub(crate) trusted: bool,
}

impl Authenticated {
    /// This user, whose credentials were checked just now.
    pub fn user(id: impl Into<String>) -> Self {
        Self { user: Some(id.into()), tenant: None, epoch: Some(0), trusted: false }
    }

    /// A token that names no user.
    #[cfg(feature = "jwt")]
    pub(crate) fn nobody() -> Self {
        Self { user: None, tenant: None, epoch: Some(0), trusted: false }
    }

    /// The same, bound to this tenant: no other one is opened with it.
    pub fn tenant(mut self, tenant: Named) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// The tenant's epoch when these credentials were given out. Once the tenant's record has a
    /// higher one, they are refused. It counts only with a [`tenant`](Self::tenant): credentials that
    /// name none are of epoch 0, since one tenant's epoch says nothing of another's.
    pub fn epoch(mut self, epoch: i64) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// The same without an epoch: raising the tenant's does not revoke these credentials. For
    /// sessions that are looked up each time, and deleted where they are to end.
    pub fn epoch_unchecked(mut self, why: &'static str) -> Self {
        debug!(target: "tenant", why, "credentials are not compared with the tenant's epoch");
        self.epoch = None;
        self
    }

    /// What there is to compare with the tenant's.
    pub(crate) fn epoch_given(&self) -> Option<i64> {
        let bound = self.tenant.is_some();
        self.epoch.map(|epoch| if bound { epoch } else { epoch.min(0) })
    }

    /// The tenant that these credentials name is believed: the registry is not asked for the
    /// membership. It makes no difference where they name none.
    pub fn trust_tenant_unchecked(mut self, why: &'static str) -> Self {
        debug!(target: "tenant", why, "the tenant that credentials name is believed");
        self.trusted = true;
        self
    }
}
