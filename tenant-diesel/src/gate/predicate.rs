//! The explicit tenant predicate of [`ForTenant`](super::ForTenant): which sources it is about, and
//! what it says.

use std::{fmt, marker::PhantomData};

use diesel::{
    QueryResult,
    expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    query_source::{Alias, AliasSource, AppearsInFromClause, Once, QuerySource},
    sql_types::Bool,
};

use crate::internals::{
    FromClause, Inner, Join, JoinOn, LeftOuter, SelectStatement, StaticQueryFragment,
};

/// A table that [`tenancy!`](crate::tenancy) declares under `tenant`; nobody else should implement
/// it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared as a tenant's table",
    label = "its rows belong to no tenant",
    note = "declare it once, in `tenant_diesel::tenancy!`, under `tenant {{ … }}`"
)]
pub trait OfTenants {
    /// The column that says whose a row is.
    const TENANT_COLUMN: &'static str;
}

/// What can stand in a FROM clause beside a tenant's table, and what is said of its rows.
#[doc(hidden)]
pub trait Narrowed {
    type Predicate: Part;

    fn predicate(literal: &str) -> Self::Predicate;
}

/// A piece of the predicate, or nothing.
#[doc(hidden)]
pub trait Part {
    const SAYS: bool;
}

/// A piece of the predicate that says something.
#[diagnostic::on_unimplemented(
    message = "this query reads no tenant's table, so there is no tenant to name",
    note = "`.for_tenant(&tx)` is for tables that `tenancy!` declares under `tenant {{ … }}`; row security narrows whatever else the query reaches"
)]
pub trait Says: Part {}

/// Of a shared table's rows nothing is said.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Whoever;

impl Part for Whoever {
    const SAYS: bool = false;
}

/// `"invoices"."tenant_id" = '…'::uuid`.
pub struct TenantIs<T> {
    literal: String,
    table: PhantomData<fn() -> T>,
}

impl<T> TenantIs<T> {
    #[doc(hidden)]
    pub fn new(literal: &str) -> Self {
        Self { literal: literal.to_owned(), table: PhantomData }
    }
}

impl<T> Clone for TenantIs<T> {
    fn clone(&self) -> Self {
        Self::new(&self.literal)
    }
}

impl<T> fmt::Debug for TenantIs<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantIs").field(&self.literal).finish()
    }
}

impl<T> Part for TenantIs<T> {
    const SAYS: bool = true;
}

impl<T> Says for TenantIs<T> {}

impl<T> Expression for TenantIs<T> {
    type SqlType = Bool;
}

impl<T, GB> ValidGrouping<GB> for TenantIs<T> {
    type IsAggregate = is_aggregate::Never;
}

impl<T, QS> AppearsOnTable<QS> for TenantIs<T> where QS: AppearsInFromClause<T, Count = Once> {}

impl<T> QueryId for TenantIs<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> QueryFragment<Pg> for TenantIs<T>
where
    T: OfTenants + StaticQueryFragment,
    T::Component: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A statement per tenant would fill the connection's cache, which forgets none.
        out.unsafe_to_cache_prepared();
        T::STATIC_COMPONENT.walk_ast(out.reborrow())?;
        out.push_sql(".");
        out.push_identifier(T::TENANT_COLUMN)?;
        out.push_sql(" = ");
        out.push_sql(&self.literal);
        Ok(())
    }
}

/// Both sides of an inner join.
#[derive(Debug, Clone)]
pub struct Both<L, R>(L, R);

impl<L: Part, R: Part> Part for Both<L, R> {
    const SAYS: bool = L::SAYS || R::SAYS;
}

impl<T, R: Part> Says for Both<TenantIs<T>, R> {}

impl<R: Says> Says for Both<Whoever, R> {}

impl<A: Part, B: Part, R: Part> Says for Both<Both<A, B>, R> where Both<A, B>: Says {}

impl<L, R> Expression for Both<L, R> {
    type SqlType = Bool;
}

impl<L, R, GB> ValidGrouping<GB> for Both<L, R> {
    type IsAggregate = is_aggregate::Never;
}

impl<QS, L: AppearsOnTable<QS>, R: AppearsOnTable<QS>> AppearsOnTable<QS> for Both<L, R> {}

impl<L, R> QueryId for Both<L, R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<L, R> QueryFragment<Pg> for Both<L, R>
where
    L: Part + QueryFragment<Pg>,
    R: Part + QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if L::SAYS && R::SAYS {
            out.push_sql(" AND ");
        }
        self.1.walk_ast(out)
    }
}

impl Expression for Whoever {
    type SqlType = Bool;
}

impl<QS> AppearsOnTable<QS> for Whoever {}

impl QueryFragment<Pg> for Whoever {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

impl<L: QuerySource + Narrowed, R: QuerySource + Narrowed> Narrowed for Join<L, R, Inner> {
    type Predicate = Both<L::Predicate, R::Predicate>;

    fn predicate(literal: &str) -> Self::Predicate {
        Both(L::predicate(literal), R::predicate(literal))
    }
}

// Rows of the left side without any on the right must stay, and have no tenant there.
impl<L: QuerySource + Narrowed, R: QuerySource> Narrowed for Join<L, R, LeftOuter> {
    type Predicate = L::Predicate;

    fn predicate(literal: &str) -> Self::Predicate {
        L::predicate(literal)
    }
}

impl<J: Narrowed, On> Narrowed for JoinOn<J, On> {
    type Predicate = J::Predicate;

    fn predicate(literal: &str) -> Self::Predicate {
        J::predicate(literal)
    }
}

impl<F: QuerySource + Narrowed> Narrowed for SelectStatement<FromClause<F>> {
    type Predicate = F::Predicate;

    fn predicate(literal: &str) -> Self::Predicate {
        F::predicate(literal)
    }
}

impl<S: AliasSource> Narrowed for Alias<S> {
    type Predicate = Whoever;

    fn predicate(_: &str) -> Whoever {
        Whoever
    }
}
