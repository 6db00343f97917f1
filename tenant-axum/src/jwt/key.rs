use std::fmt;

use jsonwebtoken::{
    AlgorithmFamily, DecodingKey, DecodingKeyKind, crypto::aws_lc::DEFAULT_PROVIDER,
};

use crate::{Error, JwtAlgorithm};

/// The shortest and the longest RSA modulus, in bytes: 2048 and 8192 bits.
const RSA: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key that verifies tokens, with the one algorithm that it is for.
///
/// A key of another kind than its algorithm's is refused when it is made. So the public key of an
/// RSA pair can never be the secret of an HMAC, whatever a token says of itself.
///
/// ```
/// use tenant_axum::{JwtAlgorithm, JwtKey};
///
/// let secret = [7; 32]; // `openssl rand 32`, from your secret store
/// let key = JwtKey::secret(JwtAlgorithm::Hs256, &secret)?.kid("2026-11");
///
/// let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
/// assert!(JwtKey::secret(JwtAlgorithm::Hs256, public.as_bytes()).is_err());
/// # let _ = key;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Clone)]
pub struct JwtKey {
    pub(super) algorithm: JwtAlgorithm,
    pub(super) key: DecodingKey,
    pub(super) kid: Option<String>,
}

impl JwtKey {
    /// A shared secret, for the HMAC algorithms, at least as long as the hash.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for another algorithm, for a secret that is too short, and for what is
    /// somebody's public key.
    pub fn secret(algorithm: JwtAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        let Some(shortest) = algorithm.shortest_secret() else {
            return Err(invalid(algorithm, "it takes a public key: `JwtKey::pem`"));
        };
        if is_a_public_key(secret) {
            let why = "this is a key of another kind, and perhaps a public one: with it as the \
                       secret everybody could sign; give random bytes";
            return Err(invalid(algorithm, why));
        }
        if secret.len() < shortest {
            let why =
                "the secret is shorter than the hash; `openssl rand 64` makes one that is not";
            return Err(invalid(algorithm, why));
        }
        Ok(Self { algorithm, key: DecodingKey::from_secret(secret), kid: None })
    }

    /// A public key in PEM (`BEGIN PUBLIC KEY`, for RSA also `BEGIN RSA PUBLIC KEY`).
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for a key of another kind than the algorithm's, for a private one, for a
    /// certificate, and for RSA of less than 2048 bits.
    pub fn pem(algorithm: JwtAlgorithm, pem: &str) -> Result<Self, Error> {
        if pem.contains("PRIVATE KEY") {
            let why = "this is a private key, which has no business here; give its public one";
            return Err(invalid(algorithm, why));
        }
        if !pem.trim_start().starts_with("-----BEGIN PUBLIC KEY-----")
            && !pem.trim_start().starts_with("-----BEGIN RSA PUBLIC KEY-----")
        {
            return Err(invalid(algorithm, "it is no public key in PEM, `BEGIN PUBLIC KEY`"));
        }
        let key = match algorithm.family() {
            AlgorithmFamily::Hmac => {
                return Err(invalid(algorithm, "it takes a secret and no public key"));
            }
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem.as_bytes()),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem.as_bytes()),
            AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let key = key.map_err(|_| invalid(algorithm, "it is a key of another kind"))?;
        Self::public(algorithm, key)
    }

    /// A public key of the right family, whose size is looked at here.
    pub(super) fn public(algorithm: JwtAlgorithm, key: DecodingKey) -> Result<Self, Error> {
        if key.family() != algorithm.family() || algorithm.shortest_secret().is_some() {
            return Err(invalid(algorithm, "it is a key of another kind"));
        }
        match (key.kind(), algorithm.public_key()) {
            (DecodingKeyKind::SecretOrDer(bytes), Some(length)) if bytes.len() == length => {}
            (DecodingKeyKind::SecretOrDer(der), None) => {
                let (n, _) = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(der)
                    .map_err(|_| invalid(algorithm, "it is a key of another kind"))?;
                check_modulus(algorithm, &n)?;
            }
            (DecodingKeyKind::RsaModulusExponent { n, .. }, None) => check_modulus(algorithm, n)?,
            _ => return Err(invalid(algorithm, "it is a key of another curve")),
        }
        Ok(Self { algorithm, key, kid: None })
    }

    /// The same with this id: a token that names another one is not verified with it.
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }
}

fn invalid(algorithm: JwtAlgorithm, why: &'static str) -> Error {
    Error::InvalidKey { algorithm: algorithm.name(), why }
}

fn check_modulus(algorithm: JwtAlgorithm, n: &[u8]) -> Result<(), Error> {
    let significant = n.iter().skip_while(|byte| **byte == 0).count();
    if RSA.contains(&significant) {
        Ok(())
    } else {
        Err(invalid(algorithm, "RSA wants 2048 to 8192 bits"))
    }
}

/// PEM, DER, DER in base64, a JWK, or a key of SSH's.
fn is_a_public_key(secret: &[u8]) -> bool {
    let text = secret.trim_ascii();
    let contains = |what: &[u8]| text.windows(what.len()).any(|part| part == what);
    let der = match secret {
        [0x30, length, rest @ ..] if *length < 0x80 => rest.len() == usize::from(*length),
        [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => {
            rest.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    };
    // `MC…`, `MF…`, `MI…` is how each of them begins, `MEg…` a small RSA key of its own.
    let base64 = text.starts_with(b"MIIB")
        || text.starts_with(b"MIIC")
        || text.starts_with(b"MFkwEwYH")
        || text.starts_with(b"MHYwEAYH")
        || text.starts_with(b"MCowBQYD");
    der || base64
        || contains(b"-----BEGIN")
        || contains(b"\"kty\"")
        || text.starts_with(b"ssh-")
        || text.starts_with(b"ecdsa-sha2-")
}

/// The algorithm and the id; never the key.
impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
