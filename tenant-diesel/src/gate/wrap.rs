//! Wrappers for queries whose Diesel types cannot be named.

use diesel::{
    QueryResult,
    dsl::exists,
    expression::AppearsOnTable,
    pg::Pg,
    query_builder::{
        AstPass, DeleteStatement, InsertStatement, Query, QueryFragment, QueryId, UpdateStatement,
    },
    query_source::QuerySource,
};

use super::{Admin, In, Probe, QueryIn, Shared, Tenant};
use crate::internals::{BoxedSelectStatement, FromClause};

/// A `union`, `intersect` or `except`, gated like any other query; made by [`GatedExt::gated`].
#[derive(Debug, Clone, Copy)]
pub struct Gated<Q>(Q);

/// A query whose tables are looked at when it runs; made by [`GatedExt::scanned`].
#[derive(Debug, Clone, Copy)]
pub struct Scanned<Q>(Q);

/// `.gated()` and `.scanned()`, for queries whose types Diesel does not let us name.
pub trait GatedExt: Sized {
    /// Ends a `union` and its like. The gate is the usual one, at compile time.
    ///
    /// ```
    /// # diesel::table! { plans (id) { id -> Int4, } }
    /// # diesel::table! { features (id) { id -> Int4, } }
    /// # tenant_diesel::tenancy! { pub static TENANCY; tenant {} shared { plans, features } }
    /// use diesel::prelude::*;
    /// use tenant_diesel::{GatedExt, RunQueryDsl, SharedTransaction};
    ///
    /// async fn ids(shared: &mut SharedTransaction) -> QueryResult<Vec<i32>> {
    ///     plans::table.select(plans::id).union(features::table.select(features::id))
    ///         .gated().load(shared).await
    /// }
    /// ```
    fn gated(self) -> Gated<Self> {
        Gated(self)
    }

    /// Ends an upsert, an `INSERT … SELECT` or a boxed query on shared tables. Its rendered SQL is
    /// searched for tenant tables before it is sent; the shared role holds what that cannot see.
    fn scanned(self) -> Scanned<Self> {
        Scanned(self)
    }
}

impl<Q: QueryFragment<Pg>> GatedExt for Q {}

macro_rules! transparent {
    ($wrapper:ident) => {
        impl<Q: Query> Query for $wrapper<Q> {
            type SqlType = Q::SqlType;
        }

        impl<Q: QueryId> QueryId for $wrapper<Q> {
            type QueryId = Q::QueryId;
            const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
        }

        impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for $wrapper<Q> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk_ast(out)
            }
        }
    };
}
transparent!(Gated);
transparent!(Scanned);

impl<M, Q> QueryIn<M> for Gated<Q> where exists<Q>: AppearsOnTable<Probe<M>> {}

// Only shapes with a root that the types still see; raw SQL is none of them.
impl<T: QuerySource + In<Shared>, U, Op, R> QueryIn<Shared>
    for Scanned<InsertStatement<T, U, Op, R>>
{
}

impl<T: QuerySource + In<Shared>, W, V, R> QueryIn<Shared>
    for Scanned<UpdateStatement<T, W, V, R>>
{
}

impl<T: QuerySource + In<Shared>, W, R> QueryIn<Shared> for Scanned<DeleteStatement<T, W, R>> {}

impl<ST, F: QuerySource + In<Shared>, DB, GB> QueryIn<Shared>
    for Scanned<BoxedSelectStatement<'_, ST, FromClause<F>, DB, GB>>
{
}

impl<Q: QueryIn<Tenant>> QueryIn<Tenant> for Scanned<Q> {}

impl<Q: QueryIn<Admin>> QueryIn<Admin> for Scanned<Q> {}
