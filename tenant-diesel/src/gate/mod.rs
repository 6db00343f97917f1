//! The compile-time gate: which tables a query may touch on which kind of handle.
//!
//! A query's own type says which tables it touches. We ask Diesel whether the whole query would
//! be valid next to a source of our own, [`Probe`]: its `AppearsOnTable` walk then visits every
//! column of every subquery and asks for `Probe<M>: AppearsInFromClause<that column's table>`,
//! which holds only where the table may be touched in mode `M`.

mod for_tenant;
mod predicate;
mod reads;
mod select;
mod wrap;
mod write;

use std::{fmt, marker::PhantomData};

use diesel::{
    expression::{AppearsOnTable, Expression, SelectableExpression},
    query_source::{Alias, AliasSource, AppearsInFromClause, Never, QuerySource},
};

use crate::internals::{
    FromClause, Inner, Join, JoinOn, Only, SelectStatement, Tablesample, TablesampleMethod,
};
pub use for_tenant::{ForTenant, OneTenant, TenantQuery};
pub use predicate::{Both, Narrowed, OfTenants, Part, Says, TenantIs, Whoever};
pub use reads::Reads;
pub use wrap::{Gated, GatedExt, Scanned};

/// Inside a verified tenant's transaction: tenant tables and shared ones.
#[derive(Debug, Clone, Copy)]
pub enum Tenant {}

/// Without a tenant: shared tables only.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// Across tenants, on the admin's own login: every declared table.
///
/// With this, every table is reachable in at least two modes. Were there one, rustc would infer it
/// and answer with "expected `Tenant`, found `Shared`" instead of what to do.
#[derive(Debug, Clone, Copy)]
pub enum Admin {}

/// `T: In<M>`: the table, join or alias `T` may be touched on a handle of mode `M`.
///
/// [`tenancy!`](crate::tenancy) implements it for tables; nobody else should.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be reached from a `{M}` handle, or is not declared",
    label = "this query touches `{Self}`",
    note = "a tenant's table needs a verified scope: `let mut tx = db.begin(&scope).await?;`, then run the query on `&mut tx`",
    note = "each table is declared once, in `tenant_diesel::tenancy!`, under `tenant {{ … }}` or under `shared {{ … }}`"
)]
pub trait In<M> {}

/// One entry per table: two make this trait's implementations conflict, which says so.
#[doc(hidden)]
pub trait DeclaredOnce {}

impl<M, L, R, K> In<M> for Join<L, R, K>
where
    L: QuerySource + In<M>,
    R: QuerySource + In<M>,
{
}

impl<M, J, On> In<M> for JoinOn<J, On>
where
    J: QuerySource + In<M>,
    On: AppearsOnTable<Join<J, Probe<M>, Inner>>,
{
}

impl<M, S: AliasSource> In<M> for Alias<S> where S::Target: In<M> {}

impl<M, S: In<M>> In<M> for Only<S> {}

impl<M, S: In<M>, T: TablesampleMethod> In<M> for Tablesample<S, T> {}

impl<M, F: QuerySource + In<M>> In<M> for SelectStatement<FromClause<F>> {}

/// `Q: QueryIn<M>`: the whole query (sources, filters, subqueries) is fine on a handle of mode `M`.
#[diagnostic::on_unimplemented(
    message = "this query cannot be proven to stay within the tables of a `{M}` handle",
    label = "its type hides which tables it touches",
    note = "leave the query typed and un-boxed; end a `union` and its like with `.gated()`",
    note = "an upsert, `INSERT … SELECT` or boxed query on shared tables: end it with `.scanned()`, which looks at its tables when it runs",
    note = "a constant with raw SQL inside a tenant's transaction: `tenant_diesel::sql_query(\"…\")`; anything else: `.raw_unchecked(\"why\")`"
)]
pub trait QueryIn<M> {}

/// A query source that is never queried; see the module's documentation.
#[doc(hidden)]
pub struct Probe<M>(PhantomData<fn() -> M>);

impl<M> Clone for Probe<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Probe<M> {}

impl<M> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<M> QuerySource for Probe<M> {
    type FromClause = Self;
    type DefaultSelection = ProbeSelection<M>;

    fn from_clause(&self) -> Self {
        *self
    }

    fn default_selection(&self) -> ProbeSelection<M> {
        ProbeSelection(PhantomData)
    }
}

impl<M, T: In<M>> AppearsInFromClause<T> for Probe<M> {
    type Count = Never;
}

#[doc(hidden)]
#[derive(Debug)]
pub struct ProbeSelection<M>(PhantomData<fn() -> M>);

impl<M> Expression for ProbeSelection<M> {
    type SqlType = diesel::sql_types::Bool;
}

impl<M, QS> AppearsOnTable<QS> for ProbeSelection<M> {}

impl<M> SelectableExpression<Probe<M>> for ProbeSelection<M> {}
