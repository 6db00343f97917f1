//! `SELECT`, in every mode: the full walk.
//!
//! One impl, generic in the mode. rustc selects it while the mode is still to be inferred, so that
//! the error is reported at the leaf (`invoices::table: In<Shared>`) and not as a failed
//! projection somewhere inside Diesel.

use diesel::{dsl::exists, expression::AppearsOnTable, query_source::QuerySource};

use super::{Admin, In, Probe, QueryIn, Tenant};
use crate::internals::{
    BoxedSelectStatement, FromClause, Inner, Join, NoFromClause, NoOrderClause, OrderClause,
    SelectClauseExpression, SelectStatement,
};

/// The ORDER BY clause, which Diesel's own walk leaves out.
#[doc(hidden)]
pub trait OrderIn<QS> {}

impl<QS> OrderIn<QS> for NoOrderClause {}

impl<QS, E: AppearsOnTable<QS>> OrderIn<QS> for OrderClause<E> {}

impl<M, F, S, D, W, O, L, G, H, LC> QueryIn<M>
    for SelectStatement<FromClause<F>, S, D, W, O, L, G, H, LC>
where
    F: QuerySource + In<M>,
    exists<Self>: AppearsOnTable<Probe<M>>,
    S: SelectClauseExpression<FromClause<F>>,
    S::Selection: AppearsOnTable<Join<F, Probe<M>, Inner>>,
    O: OrderIn<Join<F, Probe<M>, Inner>>,
{
}

impl<M, S, D, W, O, L, G, H, LC> QueryIn<M>
    for SelectStatement<NoFromClause, S, D, W, O, L, G, H, LC>
where
    S: SelectClauseExpression<NoFromClause>,
    S::Selection: AppearsOnTable<Probe<M>>,
    exists<Self>: AppearsOnTable<Probe<M>>,
{
}

// Inside a transaction that has a tenant, a boxed query needs a declared root: its filters are
// erased, and row security narrows whatever they reach.
impl<ST, F, DB, GB> QueryIn<Tenant> for BoxedSelectStatement<'_, ST, FromClause<F>, DB, GB> where
    F: QuerySource + In<Tenant>
{
}

impl<ST, F, DB, GB> QueryIn<Admin> for BoxedSelectStatement<'_, ST, FromClause<F>, DB, GB> where
    F: QuerySource + In<Admin>
{
}
