mod algorithm;
mod bearer;
mod claims;
mod expected;
mod jwks;
mod key;
mod key_set;
mod keys;
mod resolver;

pub use algorithm::JwtAlgorithm;
pub use expected::{Audience, Issuer};
pub use jwks::Jwks;
pub use key::JwtKey;
pub use keys::JwtKeys;
pub use resolver::JwtResolver;
