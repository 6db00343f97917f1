#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authenticated;
mod error;
mod extract;
mod header;
mod host;
#[cfg(feature = "jwt")]
mod jwt;
mod layer;
mod named;
mod path;
mod problem;
mod proxies;
mod refusal;
mod resolver;
mod rules;
mod service;
mod session;

// The public interface, in the order in which a reader meets it.
pub use extract::{NoTenantLayer, Tenant};
pub use layer::TenantLayer;
pub use service::TenantService;

// Who asks.
pub use authenticated::Authenticated;
#[cfg(feature = "jwt")]
pub use jwt::{Audience, Issuer, Jwks, JwtAlgorithm, JwtKey, JwtKeys, JwtResolver};
pub use session::SessionResolver;

// Which tenant is meant.
pub use header::HeaderResolver;
pub use host::HostResolver;
pub use named::{By, Named};
pub use path::PathResolver;
pub use proxies::TrustedProxies;

// For resolvers of your own.
pub use resolver::{Authenticate, Locate};

// What goes wrong.
pub use error::Error;
pub use problem::Problem;
pub use refusal::{BoxError, Refusal};
