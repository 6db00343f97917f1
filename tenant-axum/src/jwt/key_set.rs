use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde_json::Value;
use tracing::debug;

use crate::{BoxError, JwtAlgorithm, JwtKey};

/// The largest set, in bytes and in keys.
const MAX_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 64;

/// Reads a JSON Web Key Set (RFC 7517). A key that is not for signatures, or not for one of these
/// algorithms, is passed over, so that one new kind of key does not make the others unreadable.
pub(super) fn read(json: &[u8], algorithms: &[JwtAlgorithm]) -> Result<Vec<JwtKey>, BoxError> {
    if json.len() > MAX_BYTES {
        return Err("the key set is larger than 256 KiB".into());
    }
    let set: Value = serde_json::from_slice(json)?;
    let Some(keys) = set.get("keys").and_then(Value::as_array) else {
        return Err("this is no key set: it has no list `keys`".into());
    };
    if keys.len() > MAX_KEYS {
        return Err("the key set has more than 64 keys".into());
    }
    let read = |key: &Value| match serde_json::from_value::<Jwk>(key.clone()) {
        Ok(key) => of(&key, algorithms),
        Err(error) => {
            debug!(target: "tenant", %error, "a key of the set is passed over");
            Vec::new()
        }
    };
    Ok(keys.iter().flat_map(read).collect())
}

/// The key once for each algorithm that it may be used with: its own, where it names one, and else
/// those of these that are for keys of its type.
fn of(jwk: &Jwk, algorithms: &[JwtAlgorithm]) -> Vec<JwtKey> {
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|to| *to == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref();
    let verifies = verifies.is_none_or(|may| may.contains(&KeyOperations::Verify));
    // Its length alone would let a key of another curve pass.
    let curve = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => Some(&key.curve),
        AlgorithmParameters::OctetKeyPair(key) => Some(&key.curve),
        AlgorithmParameters::RSA(_) => None,
        // A secret that everybody can read, or what nobody knows.
        _ => return Vec::new(),
    };
    if !signs || !verifies {
        return Vec::new();
    }
    let fits = |algorithm: &JwtAlgorithm| {
        let named = common.key_algorithm;
        let named = named.is_none_or(|named| named == algorithm.theirs().into());
        named && curve == of_curve(*algorithm).as_ref()
    };
    let key = |algorithm: JwtAlgorithm| {
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let key = JwtKey::public(algorithm, key).ok()?;
        Some(match &common.key_id {
            Some(kid) => key.kid(kid),
            None => key,
        })
    };
    algorithms.iter().copied().filter(fits).filter_map(key).collect()
}

fn of_curve(algorithm: JwtAlgorithm) -> Option<EllipticCurve> {
    match algorithm {
        JwtAlgorithm::Es256 => Some(EllipticCurve::P256),
        JwtAlgorithm::Es384 => Some(EllipticCurve::P384),
        JwtAlgorithm::EdDsa => Some(EllipticCurve::Ed25519),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RSA: &str =
        "-2kFzXCQwdQJjD3wWr9cU8yK9f0Mq5UeQK4TqD7Wf3dVQvEwQnJ3sK4i2m0r8o1tB5yL6xHcGzPaNnSjEuRk";
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn count(key: &str, algorithms: &[JwtAlgorithm]) -> usize {
        read(format!(r#"{{"keys":[{key}]}}"#).as_bytes(), algorithms).unwrap().len()
    }

    #[test]
    fn a_key_is_for_the_algorithm_of_its_type_and_no_other() {
        use JwtAlgorithm::{EdDsa, Es256, Es384, Rs256};
        let all = [Rs256, Es256, Es384, EdDsa];
        let ec = format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}""#);
        assert_eq!(count(&format!("{ec}}}"), &all), 1);
        assert_eq!(count(&format!("{ec}}}"), &[Es384, Rs256, EdDsa]), 0);
        assert_eq!(count(&format!(r#"{ec},"alg":"ES256","use":"sig"}}"#), &all), 1);
        assert_eq!(count(&format!(r#"{ec},"alg":"ES384"}}"#), &all), 0);
        assert_eq!(count(&format!(r#"{ec},"use":"enc"}}"#), &all), 0);
        assert_eq!(count(&format!(r#"{ec},"key_ops":["encrypt"]}}"#), &all), 0);
        assert_eq!(count(&format!(r#"{ec},"key_ops":["verify"]}}"#), &all), 1);
        let ed = |crv: &str| format!(r#"{{"kty":"OKP","crv":"{crv}","x":"{ED}"}}"#);
        assert_eq!(count(&ed("Ed25519"), &all), 1);
        for other in ["X25519", "Ed448", "P-256", ""] {
            assert_eq!(count(&ed(other), &all), 0, "{other}");
        }
    }

    #[test]
    fn a_secret_a_short_key_and_what_is_no_key_are_passed_over() {
        let all = [JwtAlgorithm::Rs256, JwtAlgorithm::Es256, JwtAlgorithm::EdDsa];
        let secret = format!(r#"{{"kty":"oct","k":"{ED}","alg":"HS256"}}"#);
        let short = format!(r#"{{"kty":"RSA","n":"{RSA}","e":"AQAB"}}"#);
        let off = format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"AA"}}"#);
        let good = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED}"}}"#);
        for bad in [&secret, &short, &off, r#"{"kty":"new"}"#, "7", "{}"] {
            assert_eq!(count(bad, &all), 0, "{bad}");
            assert_eq!(count(&format!("{bad},{good}"), &all), 1, "{bad}");
        }
        let many = vec![good; MAX_KEYS + 1].join(",");
        assert!(read(format!(r#"{{"keys":[{many}]}}"#).as_bytes(), &all).is_err());
        assert!(read(&vec![b' '; MAX_BYTES + 1], &all).is_err());
        assert!(read(b"{}", &all).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_published_is_read_or_refused(json in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&json, &[JwtAlgorithm::Rs256]);
        }
    }
}
