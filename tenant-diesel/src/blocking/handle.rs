//! What the handles have in common: a connection in a transaction, and a mode.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};

use super::gated::GatedConnection;
use crate::gate::QueryIn;

pub(crate) mod sealed {
    use super::{GatedConnection, Pg, QueryFragment, QueryId, QueryIn, QueryResult};

    pub(crate) use crate::handle::sealed::Key;

    pub trait Access {
        type AccessMode;

        /// The connection, once the query has passed what only a look at it can tell.
        fn admit<Q>(&mut self, key: Key, query: &Q) -> QueryResult<&mut GatedConnection>
        where
            Q: QueryFragment<Pg> + QueryId + QueryIn<Self::AccessMode>;

        /// The connection for Diesel's own `save_changes`, whose queries are typed by table.
        fn admit_changes(&mut self, key: Key) -> QueryResult<&mut GatedConnection>;
    }
}

/// A handle that runs queries: [`TenantTransaction`](super::TenantTransaction),
/// [`SharedTransaction`](super::SharedTransaction) or [`SharedView`](super::SharedView). Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run queries: it has no tenant",
    label = "not a tenant's transaction, nor a shared handle",
    note = "a tenant's tables: `let mut tx = db.begin(&scope)?;`, then run the query on `&mut tx`",
    note = "shared tables: `let mut shared = db.shared()?;`, then run the query on `&mut shared`"
)]
pub trait Handle: sealed::Access<AccessMode = <Self as Handle>::Mode> {
    /// [`Tenant`](crate::Tenant) or [`Shared`](crate::Shared).
    type Mode;
}
