//! The application's half of the sealed context: a key, and the token that it signs.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::{
    Error,
    hex::{hex, unhex},
    quote_literal,
};

/// How long a token is good for unless told otherwise.
const LIFETIME: Duration = Duration::from_secs(10);

/// The database refuses a token that claims to be good for longer, whoever signed it.
pub(crate) const LONGEST_LIFETIME: Duration = Duration::from_mins(1);

/// A longer secret would be hashed down to fewer bytes by HMAC itself.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 32..=64;

/// PostgreSQL's default `track_activity_query_size`.
pub(crate) const ACTIVITY_BYTES: usize = 1024;

/// A key that the application and its database share, with a name, so that two can be alive while
/// one replaces the other.
///
/// The secret is wiped from memory with the last clone, and shown by nothing.
///
/// ```
/// use tenant_core::SealKey;
///
/// // 32 to 64 bytes from your secret store, in hex; for instance of `openssl rand -hex 32`.
/// let key = SealKey::from_hex("k1", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")?;
/// assert_eq!(format!("{key:?}"), r#"SealKey { name: "k1", .. }"#);
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SealKey {
    name: String,
    secret: SecretSlice<u8>,
}

impl SealKey {
    /// A key of this name.
    ///
    /// # Errors
    /// [`Error::InvalidSealKey`] unless the name is 1 to 32 letters, digits, `_` or `-`, and the
    /// secret has 32 to 64 bytes.
    pub fn new(name: &str, secret: impl Into<SecretSlice<u8>>) -> Result<Self, Error> {
        let secret = secret.into();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let why = if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
            "its name must be 1 to 32 letters, digits, `_` or `-`"
        } else if !SECRET_BYTES.contains(&secret.expose_secret().len()) {
            "its secret must have 32 to 64 bytes; `openssl rand -hex 32` makes one, in hex"
        } else {
            return Ok(Self { name: name.to_owned(), secret });
        };
        Err(Error::InvalidSealKey { why })
    }

    /// The same from a secret in hexadecimal digits, as it is kept in an environment variable.
    ///
    /// # Errors
    /// [`Error::InvalidSealKey`], as for [`new`](Self::new), or if a character is no such digit.
    pub fn from_hex(name: &str, secret: &str) -> Result<Self, Error> {
        let invalid =
            Error::InvalidSealKey { why: "its secret must be pairs of hexadecimal digits" };
        unhex(secret.trim()).map_or(Err(invalid), |bytes| Self::new(name, bytes))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In hexadecimal digits, for the database.
    pub(crate) fn secret_in_hex(&self) -> secrecy::SecretString {
        hex(self.secret.expose_secret()).into()
    }

    /// The signature of a payload, in hexadecimal digits. What it is for stands at the payload's
    /// beginning, so that none is taken for another's.
    pub(crate) fn sign(&self, payload: &str) -> Result<String, Error> {
        Ok(hex(&self.mac(payload)?.finalize().into_bytes()))
    }

    /// Whether it is that, in a time that tells nothing of it.
    pub(crate) fn verifies(&self, payload: &str, signature: &str) -> Result<bool, Error> {
        let signature = unhex(signature).unwrap_or_default();
        Ok(self.mac(payload)?.verify_slice(&signature).is_ok())
    }

    fn mac(&self, payload: &str) -> Result<Hmac<Sha256>, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret())
            .map_err(|_| Error::InvalidSealKey { why: "HMAC does not take its secret" })?;
        mac.update(payload.as_bytes());
        Ok(mac)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Seals every transaction of a pool: the tenant travels with `BEGIN` as a token that the database
/// verifies, and nothing that runs inside the transaction can switch it.
///
/// A token says which tenant, which user, and until when, signed with the application's key. It
/// is good for seconds, and what the database makes of it dies with its own transaction.
///
/// ```
/// use std::time::Duration;
/// use tenant_core::{Seal, SealKey};
///
/// # let secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// let seal = Seal::new(SealKey::from_hex("k1", secret)?).lifetime(Duration::from_secs(5));
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Seal {
    key: SealKey,
    lifetime: Duration,
    padding: usize,
}

impl Seal {
    /// Tokens signed with this key, good for ten seconds.
    pub fn new(key: SealKey) -> Self {
        Self { key, lifetime: LIFETIME, padding: ACTIVITY_BYTES }
    }

    /// How long a token is good for. At most a minute; the database takes no longer one.
    ///
    /// It is also how far the application's clock may be behind the database's; it may be ahead
    /// by what is left of the minute. So ten seconds tolerate 10 s behind and 50 s ahead, a whole
    /// minute tolerates none ahead.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(LONGEST_LIFETIME);
        self
    }

    /// How many bytes stand in front of a token in its message, so that `pg_stat_activity`, which
    /// shows the beginning of each session's last message, does not show it to the siblings of the
    /// login. The default is 1024, as PostgreSQL's `track_activity_query_size`; the start-up check
    /// says if that is set higher.
    pub fn padding(mut self, bytes: usize) -> Self {
        self.padding = bytes;
        self
    }

    pub(crate) fn padding_bytes(&self) -> usize {
        self.padding
    }

    /// The statement that opens a transaction for this tenant and user.
    pub(crate) fn open(&self, tenant: &str, actor: &str) -> Result<String, Error> {
        let expires = SystemTime::now() + self.lifetime;
        let expires = expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mac = self.key.sign(&payload(&self.key.name, expires, actor, tenant))?;
        Ok(format!(
            "SELECT tenancy.open({}, {}, {expires}, '{}', '{mac}')",
            quote_literal(tenant),
            quote_literal(actor),
            self.key.name,
        ))
    }
}

/// What is signed. The actor's length keeps it apart from the tenant; the version, this from
/// whatever may be signed with the key one day. `tenancy.open` makes the same text.
fn payload(key: &str, expires: u64, actor: &str, tenant: &str) -> String {
    format!("tenancy.open.1|{key}|{expires}|{}|{actor}|{tenant}", actor.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    #[test]
    fn keys_that_are_none_are_refused_and_say_why() {
        for (name, secret) in [
            ("", SECRET),
            ("a b", SECRET),
            ("a'b", SECRET),
            (&*"x".repeat(33), SECRET),
            ("k", "01"),
            ("k", &SECRET[1..]),
            ("k", &*SECRET.repeat(3)),
            ("k", &*SECRET.replace('0', "x")),
            ("k", "ä"),
        ] {
            let error = SealKey::from_hex(name, secret).unwrap_err();
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
        assert!(SealKey::from_hex("k-1_A", SECRET).is_ok());
    }

    #[test]
    fn nothing_shows_the_secret() {
        let seal = Seal::new(SealKey::from_hex("k", SECRET).unwrap());
        assert!(!format!("{seal:?} {:?}", seal.key).contains("01010"));
    }

    #[test]
    fn a_signature_is_hmac_sha256() {
        // Known answer, of OpenSSL's: `printf tenancy | openssl dgst -sha256 -mac hmac -macopt hexkey:0101…`
        let key = SealKey::from_hex("k", SECRET).unwrap();
        assert_eq!(
            key.sign("tenancy").unwrap(),
            "fb9877fe8f053571a563bab2678104f2de3fc1394139540d9dae9acfdc29c5d8"
        );
    }

    proptest! {
        #[test]
        fn two_contexts_never_have_the_same_payload(
            a in r"[|0-9a-z]{0,8}", b in r"[|0-9a-z]{0,8}",
            c in r"[|0-9a-z]{0,8}", d in r"[|0-9a-z]{0,8}",
        ) {
            prop_assert_eq!(payload("k", 1, &a, &b) == payload("k", 1, &c, &d), (a, b) == (c, d));
        }

        #[test]
        fn hex_is_read_as_it_is_written(bytes in proptest::collection::vec(any::<u8>(), 32..=64)) {
            let key = SealKey::from_hex("k", &hex(&bytes)).unwrap();
            prop_assert_eq!(key.secret.expose_secret(), &bytes);
        }
    }
}
