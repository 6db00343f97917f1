//! Which tenant a request gets. The rules stand here and nowhere else:
//!
//! 1. Who names a tenant without knowing who asks lets nobody in.
//! 2. All that have something to say agree: on the user, and on the tenant.
//! 3. A user is a member of the tenant, or every credential names the tenant and is trusted with it.
//! 4. An epoch is a tenant's: it counts with the tenant that the same credentials name, and is 0 without.
//! 5. The registry is asked for what the credentials name before what anybody else does, so that an
//!    answer tells a stranger nothing about a tenant that is not the credentials' own.

use tenant_core::{Principal, TenantId, TenantRegistry, TenantScope, Verified, VerifyError};

use crate::{Authenticated, Named, Refusal};

/// What all who had something to say agree on, as far as that can be told without the registry.
#[derive(Debug)]
pub(crate) struct Agreed {
    principal: Principal,
    /// The lowest: it holds only if all do.
    epoch: Option<i64>,
    /// What the credentials name, then what else is named; never empty.
    names: Vec<Named>,
}

/// Brings together what was said. Asks nobody.
pub(crate) fn agree(who: Vec<Authenticated>, located: Vec<Named>) -> Result<Agreed, Refusal> {
    let principal = principal(&who)?;
    let epoch = who.iter().filter_map(Authenticated::epoch_given).min();
    let mut names: Vec<Named> = who.into_iter().filter_map(|one| one.tenant).collect();
    // An id before a slug, since it costs one question less. Credentials before the rest.
    names.sort_by_key(|name| matches!(name, Named::Slug(_)));
    let claimed = names.len();
    names.extend(located);
    names[claimed..].sort_by_key(|name| matches!(name, Named::Slug(_)));
    if names.is_empty() {
        return Err(Refusal::NoTenant);
    }
    for name in &names {
        name.check()?;
    }
    let differ =
        |(at, one): (usize, &Named)| names[..at].iter().any(|other| one.contradicts(other));
    if names.iter().enumerate().any(differ) {
        return Err(Refusal::Mismatch);
    }
    Ok(Agreed { principal, epoch, names })
}

fn principal(who: &[Authenticated]) -> Result<Principal, Refusal> {
    if who.is_empty() {
        return Err(Refusal::NoCredentials);
    }
    let mut users = who.iter().filter_map(|one| one.user.as_ref());
    let user = users.next();
    if users.any(|other| Some(other) != user) {
        return Err(Refusal::Mismatch);
    }
    if who.iter().all(|one| one.trusted && one.tenant.is_some()) {
        return Ok(Principal::Token);
    }
    match user {
        Some(user) if !user.is_empty() && !user.contains(char::is_control) => {
            Ok(Principal::User(user.clone()))
        }
        _ => Err(Refusal::bad_credentials("they name no user, whose membership could be checked")),
    }
}

impl Agreed {
    /// Asks the registry.
    pub(crate) async fn verify(
        self,
        registry: &dyn TenantRegistry,
    ) -> Result<TenantScope<Verified>, Refusal> {
        let Some(first) = self.names.first() else { return Err(Refusal::NoTenant) };
        let id = id_of(first, registry).await?;
        let mut claim = TenantScope::claim(id, self.principal);
        if let Some(epoch) = self.epoch {
            claim = claim.epoch(epoch);
        }
        let scope = claim.verify(registry).await?;
        if self.names.iter().all(|name| name.is(scope.record())) {
            Ok(scope)
        } else {
            Err(Refusal::Mismatch)
        }
    }
}

async fn id_of(name: &Named, registry: &dyn TenantRegistry) -> Result<TenantId, Refusal> {
    match name {
        Named::Id(id) => Ok(id.clone()),
        Named::Slug(slug) => {
            let found = registry.find_by_slug(slug).await.map_err(VerifyError::Registry)?;
            found.map(|record| record.id).ok_or(Refusal::Unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};
    use tenant_core::{StaticRegistry, TenantRecord, TenantStatus};

    use super::*;

    const SLUGS: [&str; 4] = ["acme", "bolt", "shut", "nobody"];

    /// Tenants 1 and 2 are active and the second is of epoch 1, 3 is suspended, 4 is nobody.
    fn registry() -> StaticRegistry {
        let shut = TenantRecord::new(3, "shut").status(TenantStatus::Suspended);
        StaticRegistry::new([
            TenantRecord::new(1, "acme"),
            TenantRecord::new(2, "bolt").epoch(1),
            shut,
        ])
        .member(1, "alice")
        .member(2, "alice")
        .member(2, "bob")
        .member(3, "alice")
    }

    fn named() -> impl Strategy<Value = Named> {
        let id = (1_i64..5).prop_map(|id| Named::Id(id.into()));
        let slug = select(&SLUGS[..]).prop_map(|slug| Named::Slug(slug.into()));
        prop_oneof![id, slug]
    }

    fn who() -> impl Strategy<Value = Authenticated> {
        let user = option::weighted(0.8, select(&["alice", "bob", "mallory"][..]));
        let tenant = option::of(named());
        (user, tenant, any::<bool>(), option::of(0_i64..3)).prop_map(
            |(user, tenant, trusted, epoch)| Authenticated {
                user: user.map(str::to_owned),
                tenant,
                epoch,
                trusted,
            },
        )
    }

    fn decide(who: &[Authenticated], located: &[Named]) -> Result<TenantScope<Verified>, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let agreed = agree(who.to_vec(), located.to_vec())?;
        runtime.block_on(agreed.verify(&registry()))
    }

    /// Which tenant a name means: 1 to 3, or 4 for nobody.
    fn number(name: &Named) -> i64 {
        match name {
            Named::Id(id) => id.as_i64().unwrap(),
            Named::Slug(slug) => (1..).zip(SLUGS).find(|(_, known)| known == slug).unwrap().0,
        }
    }

    /// The rules once more, from the other end: what must hold for a request to get this tenant.
    fn may(who: &[Authenticated], located: &[Named], tenant: i64) -> bool {
        let is_member = |user: &str| match tenant {
            1 => user == "alice",
            2 => user == "alice" || user == "bob",
            _ => false,
        };
        let epoch = i64::from(tenant == 2);
        let named = |name: &Named| number(name) == tenant;
        let users: Vec<&str> = who.iter().filter_map(|one| one.user.as_deref()).collect();
        !who.is_empty()
            && tenant <= 2
            && (!located.is_empty() || who.iter().any(|one| one.tenant.is_some()))
            && located.iter().all(named)
            && who.iter().filter_map(|one| one.tenant.as_ref()).all(named)
            && users.windows(2).all(|two| two[0] == two[1])
            && who.iter().all(|one| match (one.epoch, &one.tenant) {
                (None, _) => true,
                (Some(given), Some(_)) => given >= epoch,
                (Some(given), None) => given >= epoch && epoch == 0,
            })
            && (who.iter().all(|one| one.trusted && one.tenant.is_some())
                || users.first().is_some_and(|user| is_member(user)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_request_gets_a_tenant_exactly_if_all_agree_and_the_user_belongs(
            who in prop::collection::vec(who(), 0..3),
            located in prop::collection::vec(named(), 0..3),
        ) {
            match decide(&who, &located) {
                Ok(scope) => {
                    let tenant = scope.id().as_i64().unwrap();
                    prop_assert!(may(&who, &located, tenant), "{scope:?}");
                }
                Err(refusal) => {
                    prop_assert!(!(1..5).any(|tenant| may(&who, &located, tenant)), "{refusal}");
                    prop_assert!(refusal.status().as_u16() >= 400);
                    prop_assert_eq!(who.is_empty(), matches!(refusal, Refusal::NoCredentials));
                }
            }
        }

        #[test]
        fn without_credentials_the_answer_does_not_depend_on_the_tenant(
            located in prop::collection::vec(named(), 0..4),
        ) {
            prop_assert!(matches!(decide(&[], &located), Err(Refusal::NoCredentials)));
        }

        /// A credential's own tenant comes first: whether the other one exists does not show.
        #[test]
        fn next_to_a_token_of_ones_own_every_other_tenant_is_a_mismatch(other in named()) {
            let token = Authenticated::user("alice").tenant(Named::Id(1.into()));
            let refusal = decide(&[token], std::slice::from_ref(&other));
            prop_assert_eq!(refusal.is_ok(), number(&other) == 1);
            if let Err(refusal) = refusal {
                prop_assert!(matches!(refusal, Refusal::Mismatch), "{refusal}");
            }
        }
    }

    #[test]
    fn a_trusted_token_opens_its_own_tenant_and_no_located_one() {
        let token = Authenticated::user("mallory").trust_tenant_unchecked("a test");
        let own = token.clone().tenant(Named::Id(1.into()));
        assert_eq!(*decide(&[own], &[]).unwrap().principal(), Principal::Token);
        let located = decide(&[token], &[Named::Id(1.into())]).unwrap_err();
        assert!(matches!(located, Refusal::Verify(VerifyError::NotMember(_))), "{located}");
    }

    #[test]
    fn a_session_beside_a_trusted_token_has_its_membership_checked() {
        let token = Authenticated::user("mallory").tenant(Named::Id(1.into()));
        let token = token.trust_tenant_unchecked("a test");
        let both = [token, Authenticated::user("mallory")];
        let refusal = decide(&both, &[]).unwrap_err();
        assert!(matches!(refusal, Refusal::Verify(VerifyError::NotMember(_))), "{refusal}");
    }

    /// It is another tenant's, or nobody's.
    #[test]
    fn an_epoch_counts_only_for_the_tenant_that_the_same_credentials_name() {
        let bolt = [Named::Id(2.into())];
        let alice = Authenticated::user("alice").epoch(9);
        let refusal = decide(std::slice::from_ref(&alice), &bolt).unwrap_err();
        assert!(matches!(refusal, Refusal::Verify(VerifyError::Revoked(_))), "{refusal}");
        assert!(decide(&[alice.clone().tenant(bolt[0].clone())], &bolt).is_ok());
        assert!(decide(&[alice.epoch_unchecked("a test")], &bolt).is_ok());
    }

    #[test]
    fn names_that_nobody_can_have_are_refused_before_the_registry_is_asked() {
        for name in [
            Named::Id(0.into()),
            Named::Slug(String::new()),
            Named::Slug("a\0b".into()),
            Named::Id("a\nb".try_into().unwrap()),
            Named::Slug("x".repeat(256)),
        ] {
            let refusal = agree(vec![Authenticated::user("alice")], vec![name]).unwrap_err();
            assert!(matches!(refusal, Refusal::Malformed(_)), "{refusal}");
        }
    }
}
