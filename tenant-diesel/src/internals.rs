//! Everything that this crate uses of Diesel's internals, in one place.
//!
//! Diesel makes no promise about `diesel::internal`, hence the version `~2.3`; a check in CI
//! builds with the newest patch release.

pub(crate) use diesel::internal::table_macro::{
    BoxedSelectStatement, FromClause, Inner, Join, JoinOn, LeftOuter, NoFromClause,
    SelectStatement, StaticQueryFragment,
};
pub(crate) use diesel::query_builder::{
    BatchInsert, DefaultValues, NoOrderClause, Only, OrderClause, ReturningClause,
    SelectClauseExpression, Tablesample, TablesampleMethod, ValuesClause,
};
