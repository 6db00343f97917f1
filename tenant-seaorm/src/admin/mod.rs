//! Work across tenants, on a login of its own.

mod builder;
mod db;
mod transaction;

pub use builder::AdminDbBuilder;
pub use db::AdminDb;
pub use transaction::AdminTransaction;
