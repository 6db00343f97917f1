//! The same for sync Diesel over r2d2: [`TenantDb`], [`TenantTransaction`], [`SharedTransaction`],
//! with the names and rules of the async ones. Scopes, the gate, `tenancy!` and errors are shared.
//!
//! ```
//! # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
//! # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
//! use schema::invoices;
//! use tenant_diesel::blocking::{TenantTransaction, prelude::*};
//!
//! fn open_invoices(tx: &mut TenantTransaction) -> QueryResult<i64> {
//!     invoices::table.filter(invoices::total.gt(0)).count().get_result(tx)
//! }
//! ```

mod builder;
mod check;
mod connection;
mod db;
mod gated;
mod handle;
mod pooler;
mod quotas;
mod raw;
mod run_query_dsl;
mod session;
mod shared;
mod transaction;

/// What a module with queries imports: Diesel's prelude, with our gated `RunQueryDsl`.
pub mod prelude {
    pub use diesel::prelude::*;

    pub use super::{RunQueryDsl, SaveChangesDsl};
    pub use crate::{ForTenant, GatedExt};
}

// The public interface, in the order of the async one.
pub use builder::TenantDbBuilder;
pub use db::TenantDb;
pub use gated::{GatedConnection, GatedRows};
pub use handle::Handle;
pub use raw::RawTransaction;
pub use run_query_dsl::{RunQueryDsl, SaveChangesDsl};
pub use session::{PgSession, verify};
pub use shared::{SharedTransaction, SharedView};
pub use transaction::TenantTransaction;
