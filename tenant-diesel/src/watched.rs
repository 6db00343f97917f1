//! What core's watch wants of Diesel: rows, and refusals.

use diesel::{
    QueryResult,
    pg::Pg,
    result::{DatabaseErrorKind, Error as DieselError},
    row::{Field as _, Row, RowIndex},
};
use tenant_core::adapter::{Cell, Refusal, WatchedRow, Watching};

/// A row as Diesel got it.
pub(crate) struct Returned<'r, R>(pub(crate) &'r R);

impl<'a, R> WatchedRow for Returned<'_, R>
where
    R: Row<'a, Pg> + RowIndex<usize>,
{
    fn columns(&self) -> usize {
        self.0.field_count()
    }

    fn column<T>(&self, at: usize, look: impl FnOnce(&str, Option<Cell<'_>>) -> T) -> Option<T> {
        let field = self.0.get(at)?;
        let value = field.value();
        // Diesel asks for PostgreSQL's binary format always.
        let cell = value.as_ref().map(|value| Cell::binary(value.as_bytes()));
        Some(look(field.field_name()?, cell))
    }
}

/// Tells of a statement that was refused.
pub(crate) fn tell<T>(watching: &Watching, result: &QueryResult<T>) {
    if let Err(error) = result
        && let Some(refusal) = refusal(error)
    {
        watching.refused(&refusal, error.to_string());
    }
}

/// What of an error is a refusal.
pub(crate) fn refusal(error: &DieselError) -> Option<Refusal> {
    let DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) = error else { return None };
    if info.constraint_name() == Some("tenant_quota") {
        return Some(Refusal::Quota);
    }
    // Diesel shows no SQLSTATE. `Isolation` makes the login speak English where it may.
    let message = info.message();
    if message.contains("violates row-level security policy") {
        return Some(Refusal::Row(message.split('"').rev().nth(1).map(str::to_owned)));
    }
    message.starts_with("permission denied").then_some(Refusal::Grant)
}
