//! `INSERT`, `UPDATE` and `DELETE`.

use diesel::{
    dsl::exists,
    expression::AppearsOnTable,
    insertable::{ColumnInsertValue, DefaultableColumnInsertValue},
    query_builder::{DeleteStatement, InsertStatement, UpdateStatement},
    query_source::QuerySource,
};

use super::{Admin, In, Probe, QueryIn, Shared, Tenant};
use crate::internals::{
    BatchInsert, DefaultValues, FromClause, Inner, Join, ReturningClause, SelectStatement,
    ValuesClause,
};

/// A `SELECT` with the same WHERE clause, so that Diesel's walk can be asked about it.
#[doc(hidden)]
pub trait WithWhere<W> {
    type Out;
}

impl<F, S, D, W0, W, O, L, G, H, LC> WithWhere<W> for SelectStatement<F, S, D, W0, O, L, G, H, LC> {
    type Out = SelectStatement<F, S, D, W, O, L, G, H, LC>;
}

type Filtered<T, W> = <SelectStatement<FromClause<T>> as WithWhere<W>>::Out;

/// The RETURNING clause.
#[doc(hidden)]
pub trait ReturningIn<QS> {}

impl<QS, E: AppearsOnTable<QS>> ReturningIn<QS> for ReturningClause<E> {}

/// "No RETURNING clause" has no public name; this is how it is named.
#[doc(hidden)]
pub trait HasReturning {
    type Returning;
}

impl<T: QuerySource, U, Op, R> HasReturning for InsertStatement<T, U, Op, R> {
    type Returning = R;
}

impl<QS> ReturningIn<QS> for <InsertStatement<Probe<Shared>, ()> as HasReturning>::Returning {}

// One impl for every mode, as for `SELECT`: it keeps the error at the leaf.
impl<M, T, W, V, R> QueryIn<M> for UpdateStatement<T, W, V, R>
where
    T: QuerySource + In<M>,
    R: ReturningIn<Join<T, Probe<M>, Inner>>,
    M: Filters<T, W>,
{
}

impl<M, T, W, R> QueryIn<M> for DeleteStatement<T, W, R>
where
    T: QuerySource + In<M>,
    R: ReturningIn<Join<T, Probe<M>, Inner>>,
    M: Filters<T, W>,
{
}

/// What a mode asks of the WHERE clause. With a tenant nothing, so that boxed statements run as they
/// are: row security narrows whatever they reach.
#[doc(hidden)]
pub trait Filters<T, W> {}

impl<T, W> Filters<T, W> for Tenant {}

impl<T, W> Filters<T, W> for Admin {}

impl<T, W> Filters<T, W> for Shared
where
    T: QuerySource,
    SelectStatement<FromClause<T>>: WithWhere<W>,
    exists<Filtered<T, W>>: AppearsOnTable<Probe<Shared>>,
{
}

// With a tenant any rows may be inserted into a declared table; row security does the rest.
impl<T: QuerySource + In<Tenant>, U, Op, R> QueryIn<Tenant> for InsertStatement<T, U, Op, R> {}

impl<T: QuerySource + In<Admin>, U, Op, R> QueryIn<Admin> for InsertStatement<T, U, Op, R> {}

impl<T, U, Op, R> QueryIn<Shared> for InsertStatement<T, U, Op, R>
where
    T: QuerySource + In<Shared>,
    U: RecordsIn<Shared>,
    R: ReturningIn<Join<T, Probe<Shared>, Inner>>,
{
}

/// The rows of an `INSERT`. `INSERT … SELECT` is left out on purpose: its query is hidden.
#[diagnostic::on_unimplemented(
    message = "this kind of INSERT cannot be proven to stay within the tables of a `{M}` handle",
    label = "its rows come from `{Self}`",
    note = "end an `INSERT … SELECT` or `ON CONFLICT` on shared tables with `.scanned()`, which looks at its tables when it runs",
    note = "if it reads a tenant's table, it needs a verified scope: `let mut tx = db.begin(&scope).await?;`"
)]
pub trait RecordsIn<M> {}

impl<M, V: RecordsIn<M>, Tab> RecordsIn<M> for ValuesClause<V, Tab> {}

impl<M, V: RecordsIn<M>, Tab, Q, const S: bool> RecordsIn<M> for BatchInsert<V, Tab, Q, S> {}

impl<M, V: RecordsIn<M>> RecordsIn<M> for Vec<V> {}

impl<M, V: RecordsIn<M>, const N: usize> RecordsIn<M> for [V; N] {}

impl<M, V: RecordsIn<M>, const N: usize> RecordsIn<M> for Box<[V; N]> {}

impl<M, C, E: AppearsOnTable<Probe<M>>> RecordsIn<M> for ColumnInsertValue<C, E> {}

impl<M, V: RecordsIn<M>> RecordsIn<M> for DefaultableColumnInsertValue<V> {}

impl<M> RecordsIn<M> for DefaultValues {}

macro_rules! records {
    ($($name:ident)+) => {
        impl<M, $($name: RecordsIn<M>),+> RecordsIn<M> for ($($name,)+) {}
        records!(@shorter $($name)+);
    };
    (@shorter $first:ident) => {};
    (@shorter $first:ident $($rest:ident)+) => { records!($($rest)+); };
}

// As many columns as Diesel's own `32-column-tables`, which is its default.
records!(A B C D E F G H I J K L N O P Q R S T U V W X Y Z AA BB CC DD EE FF GG);
