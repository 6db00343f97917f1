//! One kind of key taken for another.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use tenant_axum::{Error, Jwks, JwtAlgorithm, JwtKey, JwtKeys};

use crate::{
    fixture::{app, layer, status, tokens},
    signer::{EC, ED, HMAC, RSA, claims, ed, pairs, sign},
};

/// Attack (requests): key confusion: the public key as the secret of an HMAC, in every form of it that
/// an attacker could try.
#[tokio::test]
async fn a_public_key_is_nobodys_secret() {
    for pair in [&*RSA, &*EC, &*ED] {
        let app = app(layer().authenticate(tokens(pair.key())));
        let der = pem_body(&pair.pem);
        for secret in [pair.pem.as_bytes(), pair.pem.trim().as_bytes(), der.as_slice(), b""] {
            for (name, algorithm) in [
                ("HS256", Algorithm::HS256),
                ("HS384", Algorithm::HS384),
                ("HS512", Algorithm::HS512),
            ] {
                let key = EncodingKey::from_secret(secret);
                let forged = sign(&json!({"alg": name}), &claims(), &key, algorithm);
                assert_eq!(status(&app, &forged).await, 401, "{name}");
                // The same with the head saying what the key is for.
                let forged = sign(&json!({"alg": pair.ours_name()}), &claims(), &key, algorithm);
                assert_eq!(status(&app, &forged).await, 401, "{name}");
            }
        }
        assert_eq!(status(&app, &pair.token(&claims())).await, 200);
    }
}

/// The twin: where an HMAC key holds the same bytes the attack would work, and so it cannot be made.
#[test]
fn a_key_of_another_kind_is_refused_when_it_is_made() {
    for pair in [&*RSA, &*EC, &*ED] {
        let der = pem_body(&pair.pem);
        let base64 = pair.pem.lines().nth(1).unwrap();
        for secret in [pair.pem.as_bytes(), &der, pair.pem.trim().as_bytes(), base64.as_bytes()] {
            assert!(JwtKey::secret(JwtAlgorithm::Hs256, secret).is_err(), "{:?}", pair.algorithm);
        }
        for algorithm in ALL {
            let fits = match pair.algorithm {
                Algorithm::RS256 => RSAS.contains(&algorithm),
                _ => algorithm == pair.ours,
            };
            assert_eq!(JwtKey::pem(algorithm, &pair.pem).is_ok(), fits, "{algorithm:?}");
        }
        let private = pair.pem.replace("PUBLIC", "PRIVATE");
        let private = JwtKey::pem(pair.ours, &private).unwrap_err().to_string();
        assert!(private.contains("private key, which has no business here"), "{private}");
        assert!(JwtKey::pem(pair.ours, &pair.pem.replace("PUBLIC KEY", "CERTIFICATE")).is_err());
        assert!(JwtKey::secret(pair.ours, &[7; 64]).is_err());
    }
    assert!(JwtKey::secret(JwtAlgorithm::Hs256, &[7; 31]).is_err());
    assert!(JwtKey::secret(JwtAlgorithm::Hs384, &[7; 47]).is_err());
    assert!(JwtKey::secret(JwtAlgorithm::Hs512, &[7; 64]).is_ok());
    let jwk = ED.jwk("k").to_string();
    assert!(JwtKey::secret(JwtAlgorithm::Hs256, jwk.as_bytes()).is_err());
    let none = JwtKeys::given([]).unwrap_err();
    assert!(matches!(none, Error::NoKey), "{none}");
    let none = || async { Ok::<_, std::io::Error>(Vec::new()) };
    let secret = Jwks::new([JwtAlgorithm::Rs256, JwtAlgorithm::Hs256], none).unwrap_err();
    assert!(matches!(secret, Error::SecretInKeySet { .. }), "{secret}");
}

const RSAS: [JwtAlgorithm; 6] = [
    JwtAlgorithm::Rs256,
    JwtAlgorithm::Rs384,
    JwtAlgorithm::Rs512,
    JwtAlgorithm::Ps256,
    JwtAlgorithm::Ps384,
    JwtAlgorithm::Ps512,
];

const ALL: [JwtAlgorithm; 12] = [
    JwtAlgorithm::Hs256,
    JwtAlgorithm::Hs384,
    JwtAlgorithm::Hs512,
    JwtAlgorithm::Rs256,
    JwtAlgorithm::Rs384,
    JwtAlgorithm::Rs512,
    JwtAlgorithm::Ps256,
    JwtAlgorithm::Ps384,
    JwtAlgorithm::Ps512,
    JwtAlgorithm::Es256,
    JwtAlgorithm::Es384,
    JwtAlgorithm::EdDsa,
];

/// Attack (requests): a good signature under another of the application's keys, with a head that
/// names that key's algorithm, or its id.
#[tokio::test]
async fn a_token_is_verified_with_its_keys_algorithm_and_not_with_its_own_choice() {
    for pair in pairs() {
        for other in pairs() {
            let app = app(layer().authenticate(tokens(pair.key())));
            let expected = if pair.algorithm == other.algorithm { 200 } else { 401 };
            assert_eq!(status(&app, &other.token(&claims())).await, expected);
            if expected == 401 {
                let lying = other.sign(&json!({"alg": pair.ours_name()}), &claims());
                assert_eq!(status(&app, &lying).await, 401);
            }
        }
    }
    // Of one pair, but for another algorithm of its family.
    let pss =
        app(layer().authenticate(tokens(JwtKey::pem(JwtAlgorithm::Ps256, &RSA.pem).unwrap())));
    assert_eq!(status(&pss, &RSA.token(&claims())).await, 401);
}

#[tokio::test]
async fn of_several_keys_the_one_that_the_token_names_is_asked() {
    let (old, new) = (ed(), ed());
    let keys = JwtKeys::given([old.key().kid("old"), new.key().kid("new")]).unwrap();
    let app = app(layer().authenticate(tokens(keys)));
    for (pair, kid, expected) in
        [(&old, "old", 200), (&new, "new", 200), (&old, "new", 401), (&old, "gone", 401)]
    {
        let token = pair.sign(&json!({"alg": "EdDSA", "kid": kid}), &claims());
        assert_eq!(status(&app, &token).await, expected, "{kid}");
    }
    assert_eq!(status(&app, &new.token(&claims())).await, 200, "without an id each is tried");
}

#[test]
fn a_leeway_that_keeps_expired_tokens_alive_is_refused() {
    let resolver = || tokens(HMAC.key());
    assert!(resolver().leeway(Duration::from_mins(1)).is_ok());
    assert!(resolver().leeway(Duration::from_secs(61)).is_err());
}

#[test]
fn a_key_does_not_show_in_debug() {
    let key = JwtKey::secret(JwtAlgorithm::Hs256, b"0123456789abcdef0123456789abcdef").unwrap();
    let shown = format!("{:?}", tokens(key));
    assert!(
        shown.contains("Hs256") && !shown.contains("0123") && !shown.contains("48, 49"),
        "{shown}"
    );
}

fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(lines).unwrap()
}
