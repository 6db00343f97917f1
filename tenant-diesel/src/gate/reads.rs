//! What only reads, as far as a type can say so.

use super::{Gated, Scanned};
use crate::internals::{BoxedSelectStatement, SelectStatement};

/// `Q: Reads`: the query is a `SELECT`, as [`TenantDb::read`](crate::TenantDb::read) wants it.
#[diagnostic::on_unimplemented(
    message = "`read` takes one `SELECT`, and this query is none",
    label = "it may write, or its type hides what it does",
    note = "in a transaction it runs: `let mut tx = db.begin_deferred(&scope).await?;`, then run it on `&mut tx` and `tx.commit().await?`"
)]
pub trait Reads {}

impl<F, S, D, W, O, L, G, H, LC> Reads for SelectStatement<F, S, D, W, O, L, G, H, LC> {}

impl<ST, F, DB, GB> Reads for BoxedSelectStatement<'_, ST, F, DB, GB> {}

// The gate lets nothing through it but what can stand in `EXISTS (…)`.
impl<Q> Reads for Gated<Q> {}

impl<Q: Reads> Reads for Scanned<Q> {}
