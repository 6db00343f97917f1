use std::fmt;

use hmac::Mac;
use secrecy::SecretSlice;

use crate::{Error, SealKey};

/// A key that signs jobs, with a name, so that two can be alive while one replaces the other: give the
/// new one to all workers, then sign with it, then take the old one from them.
///
/// Take a secret of its own, and not the seal's: that one lies in the database, too. A signature of the
/// one is never one of the other, even so. The secret is wiped from memory with the last clone, and
/// shown by nothing.
///
/// ```
/// use tenant_core::JobKey;
///
/// // 32 to 64 bytes from your secret store, in hex; for instance of `openssl rand -hex 32`.
/// let key = JobKey::from_hex("j1", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")?;
/// assert_eq!(format!("{key:?}"), r#"JobKey { name: "j1", .. }"#);
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Clone)]
pub struct JobKey(SealKey);

impl JobKey {
    /// A key of this name.
    ///
    /// # Errors
    /// [`Error::InvalidSealKey`] unless the name is 1 to 32 letters, digits, `_` or `-`, and the
    /// secret has 32 to 64 bytes.
    pub fn new(name: &str, secret: impl Into<SecretSlice<u8>>) -> Result<Self, Error> {
        SealKey::new(name, secret).map(Self)
    }

    /// The same from a secret in hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::InvalidSealKey`], as for [`new`](Self::new), or if a character is no such digit.
    pub fn from_hex(name: &str, secret: &str) -> Result<Self, Error> {
        SealKey::from_hex(name, secret).map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    pub(super) fn sign(&self, content: &str) -> Result<String, Error> {
        self.0.sign(&self.message(content))
    }

    /// Compares in constant time.
    pub(super) fn has_signed(&self, content: &str, signature: &str) -> bool {
        let (Ok(mac), Some(signature)) = (self.0.mac(&self.message(content)), bytes(signature))
        else {
            return false;
        };
        mac.verify_slice(&signature).is_ok()
    }

    /// A seal's begins otherwise, and no name of a key has a `|`.
    fn message(&self, content: &str) -> String {
        format!("tenancy.job.1|{}|{content}", self.name())
    }
}

/// Lower case only, so that one signature has one form.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if rest.is_empty() { bytes?.try_into().ok() } else { None }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobKey").field("name", &self.name()).finish_non_exhaustive()
    }
}
