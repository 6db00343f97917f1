//! Keys made anew for each run, and tokens signed with them.

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use tenant_axum::{JwtAlgorithm, JwtKey};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "invoices";

/// A key pair, with its public half as it is published.
pub(crate) struct Pair {
    pub(crate) ours: JwtAlgorithm,
    pub(crate) algorithm: Algorithm,
    private: EncodingKey,
    /// The public key in PEM; for HMAC there is none.
    pub(crate) pem: String,
    secret: Vec<u8>,
}

impl Pair {
    pub(crate) fn key(&self) -> JwtKey {
        if self.pem.is_empty() {
            JwtKey::secret(self.ours, &self.secret).unwrap()
        } else {
            JwtKey::pem(self.ours, &self.pem).unwrap()
        }
    }

    /// Signs any head and any claims, also those that make no sense.
    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        sign(head, claims, &self.private, self.algorithm)
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.ours_name(), "typ": "JWT"}), claims)
    }

    pub(crate) fn ours_name(&self) -> Value {
        serde_json::to_value(self.algorithm).unwrap()
    }

    /// As a key set has it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let key = jsonwebtoken::DecodingKey::from_ed_pem(self.pem.as_bytes()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(key.try_get_as_bytes().unwrap());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig"})
    }
}

pub(crate) fn sign(
    head: &Value,
    claims: &Value,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let message = format!("{}.{}", part(head), part(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

pub(crate) static RSA: LazyLock<Pair> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    Pair {
        ours: JwtAlgorithm::Rs256,
        algorithm: Algorithm::RS256,
        private: EncodingKey::from_rsa_pem(pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes()).unwrap(),
        // As PKCS#1 has it: what the application would have in its configuration.
        pem: pem("RSA PUBLIC KEY", pair.public_key().as_ref()),
        secret: Vec::new(),
    }
});

pub(crate) static EC: LazyLock<Pair> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let head = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
        \x03\x01\x07\x03\x42\x00";
    Pair {
        ours: JwtAlgorithm::Es256,
        algorithm: Algorithm::ES256,
        private: EncodingKey::from_ec_pem(pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes()).unwrap(),
        pem: pem("PUBLIC KEY", &[head.as_slice(), pair.public_key().as_ref()].concat()),
        secret: Vec::new(),
    }
});

pub(crate) fn ed() -> Pair {
    let pair = Ed25519KeyPair::generate().unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let head = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
    Pair {
        ours: JwtAlgorithm::EdDsa,
        algorithm: Algorithm::EdDSA,
        private: EncodingKey::from_ed_pem(pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes()).unwrap(),
        pem: pem("PUBLIC KEY", &[head.as_slice(), pair.public_key().as_ref()].concat()),
        secret: Vec::new(),
    }
}

pub(crate) static ED: LazyLock<Pair> = LazyLock::new(ed);

pub(crate) static HMAC: LazyLock<Pair> = LazyLock::new(|| {
    let mut secret = vec![0; 32];
    aws_lc_rs::rand::fill(&mut secret).unwrap();
    Pair {
        ours: JwtAlgorithm::Hs256,
        algorithm: Algorithm::HS256,
        private: EncodingKey::from_secret(&secret),
        pem: String::new(),
        secret,
    }
});

pub(crate) fn pairs() -> [&'static Pair; 4] {
    [&HMAC, &RSA, &EC, &ED]
}

pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// Alice at tenant 7, which is in order.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now() + 300, "nbf": now() - 300,
        "app": {"tenant": 7},
    })
}

/// The same but for one claim; null takes it away.
pub(crate) fn but(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    let value = value.into();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}
