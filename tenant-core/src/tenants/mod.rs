//! A tenant's life in the registry: made, changed, locked out, held.

mod change;
mod create;
mod error;
mod new_tenant;
mod operations;
mod place;
mod row;
mod slug;
mod spares;

pub use error::TenantsError;
pub use new_tenant::NewTenant;
pub use operations::Tenants;
#[cfg(feature = "export")]
pub(crate) use place::in_the_log;
pub use slug::{Slug, SlugRules};
