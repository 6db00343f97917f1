//! Where a tenant's rows live.

mod address;
mod place;

pub use address::{DatabaseAddress, DatabaseProvider, StaticDatabases};
pub use place::Placement;
