use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Principal, TenantId, TenantRecord, TenantRegistry, TenantStatus, VerifyError,
    principal::WirePrincipal,
};

mod sealed {
    pub trait Sealed {}
}

/// The state of a scope that somebody claims: which tenant, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    id: TenantId,
    principal: Principal,
    epoch: Option<i64>,
}

/// The state of a scope that the registry confirmed: the record it was verified against, and when.
#[derive(Debug, Clone)]
pub struct Verified {
    record: Arc<TenantRecord>,
    principal: Principal,
    since: Instant,
}

/// The states of a [`TenantScope`]. Sealed: there are two.
pub trait ScopeState: sealed::Sealed {
    #[doc(hidden)]
    fn id(&self) -> &TenantId;
    #[doc(hidden)]
    fn principal(&self) -> &Principal;
}

impl sealed::Sealed for Unverified {}
impl sealed::Sealed for Verified {}

impl ScopeState for Unverified {
    fn id(&self) -> &TenantId {
        &self.id
    }
    fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl ScopeState for Verified {
    fn id(&self) -> &TenantId {
        &self.record.id
    }
    fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// The state that opens a database: [`Verified`] alone.
#[diagnostic::on_unimplemented(
    message = "this tenant scope has not been verified",
    label = "the scope's state is `{Self}`, but a tenant transaction needs a `TenantScope<Verified>`",
    note = "verify it first: `let scope = scope.verify(&registry).await?;`",
    note = "only the registry makes a verified scope: it cannot be constructed, deserialised or forged"
)]
pub trait IsVerified: ScopeState {
    #[doc(hidden)]
    fn verified(&self) -> &Verified;
}

impl IsVerified for Verified {
    fn verified(&self) -> &Verified {
        self
    }
}

/// Which tenant a piece of work is for: the only key to a tenant's rows.
///
/// The type walks through two states, in this order:
///
/// 1. [`TenantScope::claim`] makes a `TenantScope<Unverified>`: a request or a job *says* which
///    tenant it is for. It opens nothing. It can be serialised, so that jobs carry claims.
/// 2. [`TenantScope::verify`] asks a [`TenantRegistry`] whether the tenant exists, is active, and
///    whether the principal belongs to it, and gives a `TenantScope<Verified>`. That one carries
///    its [`TenantRecord`] and is what an adapter's `begin` takes. It is `Clone + Send + Sync`,
///    goes stale after the pool's `max_scope_age`, and can be neither serialised nor forged.
///
/// ```
/// use tenant_core::{Principal, StaticRegistry, TenantId, TenantRecord, TenantScope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let acme = TenantId::from(7);
/// let registry = StaticRegistry::new([TenantRecord::new(acme.clone(), "acme")])
///     .member(acme.clone(), "alice");
///
/// let claim = TenantScope::claim(acme.clone(), Principal::User("alice".into()));
/// let scope = claim.verify(&registry).await.expect("alice is a member");
/// assert_eq!(scope.record().slug, "acme");
///
/// let foreign = TenantScope::claim(acme, Principal::User("mallory".into()));
/// assert!(foreign.verify(&registry).await.is_err());
/// # }
/// ```
#[derive(Clone)]
pub struct TenantScope<S: ScopeState> {
    state: S,
}

impl TenantScope<Unverified> {
    /// Says which tenant is meant and who asks. Checks nothing and opens nothing.
    ///
    /// An id that arrives as text is read with the declaration's key, `TENANCY.key().parse(text)?`:
    /// `TenantId::try_from(text)` makes a text id, whatever it looks like.
    pub fn claim(id: impl Into<TenantId>, principal: Principal) -> Self {
        Self { state: Unverified { id: id.into(), principal, epoch: None } }
    }

    /// Says of which epoch of its tenant the claim is. Once the tenant's record has a higher one, the
    /// claim is refused: so what was given out before (tokens, queued jobs) can be revoked at once.
    ///
    /// ```
    /// use tenant_core::{Principal, StaticRegistry, TenantRecord, TenantScope, VerifyError};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let registry = StaticRegistry::new([TenantRecord::new(7, "acme").epoch(2)]);
    /// let old = TenantScope::claim(7, Principal::Token).epoch(1);
    /// assert!(matches!(old.verify(&registry).await, Err(VerifyError::Revoked(_))));
    /// # }
    /// ```
    pub fn epoch(mut self, epoch: i64) -> Self {
        self.state.epoch = Some(epoch);
        self
    }

    /// Asks the registry whether the tenant exists, is active, and whether the principal belongs
    /// to it.
    ///
    /// The age of the scope counts from before the question, so a slow registry makes it older,
    /// not fresher. Dropping the future asks nothing more and changes nothing.
    ///
    /// # Errors
    /// [`VerifyError`] says which of these failed; a caller that answers strangers should answer
    /// them all alike.
    pub async fn verify<R>(self, registry: &R) -> Result<TenantScope<Verified>, VerifyError>
    where
        R: TenantRegistry + ?Sized,
    {
        let Unverified { id, principal, epoch } = self.state;
        let since = Instant::now();
        id.check().map_err(|_| VerifyError::Unknown(id.clone()))?;
        if let Some(expected) = registry.key().filter(|expected| *expected != id.key()) {
            let found = id.key();
            return Err(VerifyError::WrongKey { id, found, expected });
        }
        let record = registry
            .find(&id)
            .await
            .map_err(VerifyError::Registry)?
            .ok_or_else(|| VerifyError::Unknown(id.clone()))?;
        if record.id != id {
            return Err(VerifyError::Registry(
                format!("asked for tenant {id}, the registry answered with {}", record.id).into(),
            ));
        }
        if let Principal::User(user) = &principal
            && !registry.is_member(&id, user).await.map_err(VerifyError::Registry)?
        {
            return Err(VerifyError::NotMember(id));
        }
        match record.status {
            TenantStatus::Active => {}
            TenantStatus::Suspended => return Err(VerifyError::Suspended(id)),
            TenantStatus::Maintenance => return Err(VerifyError::Maintenance(id)),
            TenantStatus::Spare => return Err(VerifyError::Unknown(id)),
            TenantStatus::Deleted => return Err(VerifyError::Deleted(id)),
        }
        if epoch.is_some_and(|epoch| epoch < record.epoch) {
            return Err(VerifyError::Revoked(id));
        }
        Ok(TenantScope { state: Verified { record: Arc::new(record), principal, since } })
    }
}

impl TenantScope<Verified> {
    /// What the registry knew of the tenant when the scope was verified.
    pub fn record(&self) -> &TenantRecord {
        &self.state.record
    }

    /// How long ago the registry was asked.
    pub fn age(&self) -> Duration {
        self.state.since.elapsed()
    }

    /// The claim behind this scope, of the tenant's epoch, to be put in a job's payload and
    /// verified there again.
    pub fn to_claim(&self) -> TenantScope<Unverified> {
        TenantScope::claim(self.id().clone(), self.principal().clone()).epoch(self.record().epoch)
    }
}

impl<S: ScopeState> TenantScope<S> {
    /// Which tenant.
    pub fn id(&self) -> &TenantId {
        self.state.id()
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        self.state.principal()
    }

    #[doc(hidden)]
    pub fn verified(&self) -> TenantScope<Verified>
    where
        S: IsVerified,
    {
        TenantScope { state: self.state.verified().clone() }
    }
}

impl<S: ScopeState> fmt::Debug for TenantScope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = std::any::type_name::<S>().rsplit("::").next().unwrap_or_default();
        f.debug_struct(&format!("TenantScope<{state}>"))
            .field("id", self.id())
            .field("principal", self.principal())
            .finish()
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    tenant: TenantId,
    principal: WirePrincipal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
}

/// The state that travels: [`Unverified`] alone.
#[diagnostic::on_unimplemented(
    message = "a verified scope cannot be serialised or deserialised",
    label = "only a claim travels",
    note = "send the claim, `scope.to_claim()`, and verify it where it arrives"
)]
pub trait Travels: ScopeState + Sized {
    #[doc(hidden)]
    fn arrived(claim: TenantScope<Unverified>) -> TenantScope<Self>;
    #[doc(hidden)]
    fn epoch(&self) -> Option<i64>;
}

impl Travels for Unverified {
    fn arrived(claim: TenantScope<Unverified>) -> TenantScope<Self> {
        claim
    }
    fn epoch(&self) -> Option<i64> {
        self.epoch
    }
}

/// A claim by a user. A token's or the system's own claim is not serialised: nothing would check
/// it again on the other side.
impl<S: Travels> Serialize for TenantScope<S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        let Principal::User(user) = self.principal() else {
            return Err(serde::ser::Error::custom(
                "only a user's claim can travel, since only that is checked again on arrival; \
                 send the tenant's id and let the receiver claim with its own principal",
            ));
        };
        let principal = WirePrincipal::User(user.clone());
        Wire { tenant: self.id().clone(), principal, epoch: self.state.epoch() }
            .serialize(serializer)
    }
}

impl<'de, S: Travels> Deserialize<'de> for TenantScope<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { tenant, principal: WirePrincipal::User(user), epoch } =
            Wire::deserialize(deserializer)?;
        let mut claim = TenantScope::claim(tenant, Principal::User(user));
        claim.state.epoch = epoch;
        Ok(S::arrived(claim))
    }
}
