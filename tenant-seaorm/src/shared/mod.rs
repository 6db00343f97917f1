//! The handles for shared tables.

mod audit;
mod bound;
mod connection;
mod handle;
mod loaders;
mod select;
mod write;

pub(crate) use audit::Audit;

pub use bound::{BoundCursor, BoundSelect, BoundSelector};
pub use connection::SharedConnection;
pub use handle::{
    InTenantTransaction, OwnTransaction, SharedHandle, SharedTransaction, SharedView,
};
pub use select::{SharedSelect, SharedSelectOne};
pub use write::{SharedReturning, SharedWrite};
