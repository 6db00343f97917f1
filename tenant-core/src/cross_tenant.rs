use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::{Error, TenantId};

/// How long a scope is good for unless told otherwise.
const LASTS: Duration = Duration::from_mins(15);

/// The longest that may be asked for.
const LONGEST: Duration = Duration::from_hours(8);

/// Work across tenants, by somebody of ours who says who they are and why: support, operations.
///
/// It opens only an adapter's `AdminDb`, which has a login of its own; each opening is a record in
/// the audit log before the first query runs. It reads, unless [`writes`](Self::writes) was asked
/// for, and it ends.
///
/// ```
/// use std::time::Duration;
/// use tenant_core::{CrossTenantScope, TenantId};
///
/// let scope = CrossTenantScope::new("alice@support", "ticket 4711: invoice shows twice")?
///     .on_behalf_of(TenantId::from(7))
///     .lasts(Duration::from_mins(5));
/// assert!(!scope.may_write());
/// assert!(CrossTenantScope::new("alice@support", " ").is_err());
/// # Ok::<(), tenant_core::Error>(())
/// ```
///
/// # Authority
/// Every tenant's rows. Nothing verifies the actor: make it from whatever your staff sign in with.
#[derive(Clone)]
pub struct CrossTenantScope {
    actor: String,
    reason: String,
    tenant: Option<TenantId>,
    writes: bool,
    since: Instant,
    lasts: Duration,
}

impl CrossTenantScope {
    /// Says who, and why. From now on it is good for fifteen minutes.
    ///
    /// # Errors
    /// [`Error::InvalidCrossTenantScope`] when one of them says nothing.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Result<Self, Error> {
        let (actor, reason) = (actor.into(), reason.into());
        let empty = |text: &str| text.trim().is_empty() || text.contains('\0');
        let why = match (empty(&actor), empty(&reason)) {
            (false, false) => {
                let (since, lasts) = (Instant::now(), LASTS);
                return Ok(Self { actor, reason, tenant: None, writes: false, since, lasts });
            }
            (true, _) => "it does not say who acts",
            (_, true) => "it does not say why",
        };
        Err(Error::InvalidCrossTenantScope { why })
    }

    /// Names the tenant that it is about: in the audit record, and as the tenant that inserted rows
    /// get by their column's default. What is read is not narrowed to it.
    pub fn on_behalf_of(mut self, tenant: impl Into<TenantId>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Asks to write, which the audit record tells.
    pub fn writes(mut self) -> Self {
        self.writes = true;
        self
    }

    /// How long it is good for, at most eight hours. Transactions that are open run nothing more
    /// then, and are not committed. A statement that is under way is ended by the server from
    /// PostgreSQL 17 on; before, when it alone has lasted as long as was left at `begin`.
    pub fn lasts(mut self, lasts: Duration) -> Self {
        self.lasts = lasts.min(LONGEST);
        self
    }

    /// Who acts.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The tenant that it is about, if it is about one.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// Whether it asked to write.
    pub fn may_write(&self) -> bool {
        self.writes
    }

    /// When it ends.
    pub fn ends(&self) -> Instant {
        self.since + self.lasts
    }
}

impl fmt::Debug for CrossTenantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossTenantScope")
            .field("actor", &self.actor)
            .field("reason", &self.reason)
            .field("tenant", &self.tenant)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}
