use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{JobError, JobKey};
use crate::{Principal, TenantId, TenantScope, Unverified, Verified};

/// A job as it lies in a queue: a claim and a payload under one signature.
///
/// Whoever can write to the queue, and has no key, can neither widen the claim, nor move it to another
/// payload, tenant or kind of job, nor make one up. What they can do is to lose a job and to put one in
/// again: make jobs that may run twice, or give the payload an id that the worker remembers.
///
/// It is an object of three texts for serde, so it fits a `jsonb` column, and what is signed stays the same
/// text whatever is done to the object around it. The payload can be read by whoever reads the queue.
///
/// ```
/// use tenant_core::{JobKey, Principal, SignedJob, StaticRegistry, TenantRecord, TenantScope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// let registry = StaticRegistry::new([TenantRecord::new(7, "acme")]).member(7, "alice");
/// let scope = TenantScope::claim(7, Principal::User("alice".into())).verify(&registry).await?;
///
/// let key = JobKey::from_hex("j1", secret)?;
/// let job = SignedJob::new(&key, "send-invoice", &scope, &42)?;
/// let queued = serde_json::to_string(&job)?;
///
/// // the worker
/// let job: SignedJob = serde_json::from_str(&queued)?;
/// let (claim, invoice) = job.open::<i64>(&[key], "send-invoice")?;
/// let scope = claim.verify(&registry).await?; // is alice still a member, the tenant still active?
/// assert_eq!((scope.record().slug.as_str(), invoice), ("acme", 42));
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedJob {
    signed: String,
    key: String,
    mac: String,
}

#[derive(Serialize, Deserialize)]
struct Content<'a, P> {
    kind: Cow<'a, str>,
    tenant: Cow<'a, TenantId>,
    principal: SignedPrincipal,
    epoch: Option<i64>,
    /// Seconds since 1970.
    expires: Option<u64>,
    payload: P,
}

/// What may come out of a signed envelope: any principal, since whoever signed has vouched for it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SignedPrincipal {
    User(String),
    Token,
    System(String),
}

impl SignedJob {
    /// Signs a job of this kind for the scope's tenant and principal. The tenant's epoch is in it: when
    /// that is raised, the job is refused (`VerifyError::Revoked`).
    ///
    /// The kind is the name that the worker opens it by; it keeps a payload from being read as that of
    /// another job.
    ///
    /// # Errors
    /// [`JobError::Payload`] when the payload cannot be written as JSON.
    pub fn new(
        key: &JobKey,
        kind: &str,
        scope: &TenantScope<Verified>,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<Self, JobError> {
        Self::sign(key, kind, scope, payload, None)
    }

    /// The same, good for so long, counted in whole seconds.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn expiring(
        key: &JobKey,
        kind: &str,
        scope: &TenantScope<Verified>,
        payload: &(impl Serialize + ?Sized),
        lifetime: Duration,
    ) -> Result<Self, JobError> {
        let expires = now().saturating_add(lifetime.as_secs());
        Self::sign(key, kind, scope, payload, Some(expires))
    }

    fn sign(
        key: &JobKey,
        kind: &str,
        scope: &TenantScope<Verified>,
        payload: &(impl Serialize + ?Sized),
        expires: Option<u64>,
    ) -> Result<Self, JobError> {
        let principal = match scope.principal() {
            Principal::User(user) => SignedPrincipal::User(user.clone()),
            Principal::Token => SignedPrincipal::Token,
            Principal::System(reason) => SignedPrincipal::System(reason.to_string()),
        };
        let content = Content {
            kind: kind.into(),
            tenant: Cow::Borrowed(scope.id()),
            principal,
            epoch: Some(scope.record().epoch),
            expires,
            payload,
        };
        let signed = serde_json::to_string(&content).map_err(JobError::Payload)?;
        let mac = key.sign(&signed)?;
        Ok(Self { signed, key: key.name().to_owned(), mac })
    }

    /// The claim and the payload, if one of these keys has signed them as this kind of job.
    ///
    /// The claim is to be verified: a user must still be a member, the tenant still active, and of the same
    /// epoch. A token's and the system's own claim are believed, as they are where they were signed.
    ///
    /// # Errors
    /// Each [`JobError`] says why it is not to be run.
    pub fn open<T: DeserializeOwned>(
        &self,
        keys: &[JobKey],
        kind: &str,
    ) -> Result<(TenantScope<Unverified>, T), JobError> {
        let mut named = keys.iter().filter(|key| key.name() == self.key).peekable();
        if named.peek().is_none() {
            return Err(JobError::UnknownKey { name: self.key.chars().take(32).collect() });
        }
        if !named.any(|key| key.has_signed(&self.signed, &self.mac)) {
            return Err(JobError::Forged);
        }
        let content: Content<'_, IgnoredAny> =
            serde_json::from_str(&self.signed).map_err(JobError::Payload)?;
        if content.kind != kind {
            let found = content.kind.into_owned();
            return Err(JobError::WrongKind { expected: kind.to_owned(), found });
        }
        if content.expires.is_some_and(|expires| now() > expires) {
            return Err(JobError::Expired);
        }
        let content: Content<'_, T> =
            serde_json::from_str(&self.signed).map_err(JobError::Payload)?;
        let principal = match content.principal {
            SignedPrincipal::User(user) => Principal::User(user),
            SignedPrincipal::Token => Principal::Token,
            SignedPrincipal::System(reason) => Principal::System(reason.into()),
        };
        let mut claim = TenantScope::claim(content.tenant.into_owned(), principal);
        if let Some(epoch) = content.epoch {
            claim = claim.epoch(epoch);
        }
        Ok((claim, content.payload))
    }
}

/// A clock before 1970 lets nothing expire early and nothing expire late by more than it is wrong.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl fmt::Debug for SignedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedJob").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{StaticRegistry, TenantRecord, VerifyError};

    fn key(name: &str) -> JobKey {
        JobKey::new(name, vec![7; 32]).unwrap()
    }

    /// A scope of the first epoch.
    fn scope(tenant: i64, principal: Principal) -> TenantScope<Verified> {
        let claim = TenantScope::claim(tenant, principal);
        pollster::block_on(claim.verify(&registry())).unwrap()
    }

    fn registry() -> StaticRegistry {
        let tenants = [TenantRecord::new(1, "a").epoch(1), TenantRecord::new(2, "b").epoch(1)];
        StaticRegistry::new(tenants).member(1, "alice").member(2, "alice")
    }

    fn alice(tenant: i64) -> TenantScope<Verified> {
        scope(tenant, Principal::User("alice".into()))
    }

    fn changed(job: &SignedJob, field: &str, at: usize, bits: u8) -> Option<SignedJob> {
        let mut value = serde_json::to_value(job).unwrap();
        let mut bytes = value[field].as_str()?.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] ^= bits;
        value[field] = String::from_utf8(bytes).ok()?.into();
        serde_json::from_value(value).ok()
    }

    #[test]
    fn what_was_signed_comes_out_for_every_principal() {
        for principal in
            [Principal::User("alice".into()), Principal::Token, Principal::System("nightly".into())]
        {
            let scope = scope(1, principal.clone());
            let job = SignedJob::new(&key("j"), "mail", &scope, &("x\0\u{1f}ä", 1.5)).unwrap();
            let json = serde_json::to_value(&job).unwrap();
            assert!(json["signed"].is_string());
            let job: SignedJob = serde_json::from_value(json).unwrap();
            let (claim, payload) = job.open::<(String, f64)>(&[key("j")], "mail").unwrap();
            assert_eq!((claim.id(), claim.principal()), (scope.id(), &principal));
            assert_eq!(payload, ("x\0\u{1f}ä".to_owned(), 1.5));
            pollster::block_on(claim.verify(&registry())).unwrap();
        }
    }

    #[test]
    fn the_epoch_travels_and_a_member_who_left_is_refused() {
        let job = SignedJob::new(&key("j"), "mail", &alice(1), &()).unwrap();
        let open = || job.open::<()>(&[key("j")], "mail").unwrap().0;
        let later = StaticRegistry::new([TenantRecord::new(1, "a").epoch(2)]).member(1, "alice");
        let result = pollster::block_on(open().verify(&later));
        assert!(matches!(result, Err(VerifyError::Revoked(_))), "{result:?}");
        let left = StaticRegistry::new([TenantRecord::new(1, "a").epoch(1)]);
        let result = pollster::block_on(open().verify(&left));
        assert!(matches!(result, Err(VerifyError::NotMember(_))), "{result:?}");
    }

    #[test]
    fn nothing_can_be_exchanged_between_two_envelopes() {
        let one = SignedJob::new(&key("j"), "mail", &alice(1), &1).unwrap();
        let root = scope(2, Principal::System("root".into()));
        let two = SignedJob::new(&key("j"), "erase", &root, &2).unwrap();
        let mixed = [
            SignedJob { signed: two.signed.clone(), ..one.clone() },
            SignedJob { mac: two.mac.clone(), ..one.clone() },
            SignedJob { signed: one.signed.replace("\"bigint\":1", "\"bigint\":2"), ..one.clone() },
            SignedJob { signed: one.signed.replace("mail", "erase"), ..one.clone() },
            SignedJob {
                signed: one.signed.replace("\"payload\":1", "\"payload\":2"),
                ..one.clone()
            },
            SignedJob {
                signed: one.signed.replace(r#"{"user":"alice"}"#, r#""token""#),
                ..one.clone()
            },
        ];
        for (at, job) in mixed.iter().enumerate() {
            assert!(*job != one, "{at} was not changed");
            let result = job.open::<i64>(&[key("j")], "mail");
            assert!(matches!(result, Err(JobError::Forged)), "{at}: {result:?}");
        }
        let result = two.open::<i64>(&[key("j")], "mail");
        assert!(matches!(result, Err(JobError::WrongKind { .. })), "{result:?}");
        one.open::<i64>(&[key("j")], "mail").unwrap();
    }

    #[test]
    fn two_keys_are_alive_while_one_replaces_the_other_and_no_third() {
        let (old, new) = (key("old"), JobKey::new("new", vec![8; 32]).unwrap());
        for signer in [&old, &new] {
            let job = SignedJob::new(signer, "mail", &alice(1), &()).unwrap();
            job.open::<()>(&[new.clone(), old.clone()], "mail").unwrap();
        }
        let job = SignedJob::new(&old, "mail", &alice(1), &()).unwrap();
        let result = job.open::<()>(std::slice::from_ref(&new), "mail");
        assert!(matches!(result, Err(JobError::UnknownKey { .. })), "{result:?}");
        let another = JobKey::new("old", vec![9; 32]).unwrap();
        let result = job.open::<()>(&[another], "mail");
        assert!(matches!(result, Err(JobError::Forged)), "{result:?}");
        // The same secret under another name is another key.
        let result = SignedJob { key: "new".into(), ..job }.open::<()>(&[key("new")], "mail");
        assert!(matches!(result, Err(JobError::Forged)), "{result:?}");
    }

    #[test]
    fn a_seals_signature_is_no_jobs_and_the_other_way_round() {
        let seal = crate::SealKey::new("j", vec![7; 32]).unwrap();
        let job = SignedJob::new(&key("j"), "mail", &alice(1), &()).unwrap();
        assert_ne!(seal.sign(&job.signed).unwrap(), job.mac);
        let sealed = SignedJob { mac: seal.sign(&job.signed).unwrap(), ..job };
        assert!(matches!(sealed.open::<()>(&[key("j")], "mail"), Err(JobError::Forged)));
        // A seal signs nothing that begins as a job does.
        let token = crate::seal::payload("j", 1, "alice", "1");
        assert!(token.starts_with("tenancy.open.1|"), "{token}");
        assert_ne!(seal.sign(&token).unwrap(), key("j").sign(&token).unwrap());
    }

    #[test]
    fn a_job_can_expire() {
        let sign = |lifetime| {
            SignedJob::expiring(&key("j"), "mail", &alice(1), &(), Duration::from_secs(lifetime))
        };
        sign(60).unwrap().open::<()>(&[key("j")], "mail").unwrap();
        sign(u64::MAX).unwrap().open::<()>(&[key("j")], "mail").unwrap();
        let past = SignedJob::sign(&key("j"), "mail", &alice(1), &(), Some(now() - 1)).unwrap();
        assert!(matches!(past.open::<()>(&[key("j")], "mail"), Err(JobError::Expired)));
    }

    #[test]
    fn a_payload_of_another_type_is_told_and_not_shown() {
        let job = SignedJob::new(&key("j"), "mail", &alice(1), "a secret").unwrap();
        assert!(matches!(job.open::<i64>(&[key("j")], "mail"), Err(JobError::Payload(_))));
        assert!(!format!("{job:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn a_flipped_byte_anywhere_is_refused(
            field in proptest::sample::select(vec!["signed", "key", "mac"]),
            at in any::<usize>(), bits in 1u8..=127, payload in ".*",
        ) {
            let job = SignedJob::new(&key("j1"), "mail", &alice(1), &payload).unwrap();
            if let Some(changed) = changed(&job, field, at, bits) {
                prop_assert!(changed.open::<String>(&[key("j1"), key("j2")], "mail").is_err());
            }
        }

        #[test]
        fn any_payload_comes_out_as_it_was_and_opens_as_its_kind_alone(
            payload in ".*", number in any::<i64>(), kind in ".{0,20}", other in ".{0,20}",
        ) {
            let job = SignedJob::new(&key("j"), &kind, &alice(2), &(&payload, number)).unwrap();
            let (claim, found) = job.open::<(String, i64)>(&[key("j")], &kind).unwrap();
            prop_assert_eq!(claim.id(), &TenantId::from(2));
            prop_assert_eq!(found, (payload, number));
            prop_assert_eq!(job.open::<(String, i64)>(&[key("j")], &other).is_ok(), kind == other);
        }

        #[test]
        fn whatever_stands_in_the_queue_nothing_panics(
            signed in ".*", name in ".*", mac in "[0-9a-fA-F]{0,70}",
        ) {
            let job = SignedJob { signed, key: name, mac };
            prop_assert!(job.open::<String>(&[key("j")], "mail").is_err());
            let named = SignedJob { key: "j".into(), ..job };
            prop_assert!(named.open::<String>(&[key("j")], "mail").is_err());
        }
    }
}
