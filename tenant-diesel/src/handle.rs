//! What the handles have in common: a connection in a transaction, and a mode.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};

use crate::{gate::QueryIn, gated::GatedConnection};

pub(crate) mod sealed {
    use super::{GatedConnection, Pg, QueryFragment, QueryId, QueryIn, QueryResult};

    /// Makes the methods below uncallable outside of this crate: a supertrait's methods can be
    /// called through a generic bound even where the supertrait cannot be named.
    #[derive(Debug)]
    pub struct Key(pub(crate) ());

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

/// A handle that runs queries: [`TenantTransaction`](crate::TenantTransaction),
/// [`SharedTransaction`](crate::SharedTransaction), [`SharedView`](crate::SharedView) or
/// [`AdminTransaction`](crate::AdminTransaction). Sealed.
///
/// Functions that work on any of them take `&mut impl Handle`; those for one kind name its
/// [`Mode`](Self::Mode).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run queries: it has no tenant",
    label = "not a tenant's transaction, nor a shared handle",
    note = "a tenant's tables: `let mut tx = db.begin(&scope).await?;`, then run the query on `&mut tx`",
    note = "shared tables: `let mut shared = db.shared().await?;`, then run the query on `&mut shared`"
)]
pub trait Handle: sealed::Access<AccessMode = <Self as Handle>::Mode> + Send {
    /// [`Tenant`](crate::Tenant), [`Shared`](crate::Shared) or [`Admin`](crate::Admin).
    type Mode;
}
