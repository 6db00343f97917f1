//! The last look: whose rows came back.

mod cell;
mod foreign;
mod watch;

use std::num::NonZeroU32;

pub use cell::Cell;
pub use foreign::ForeignRow;
pub use watch::{RowCheck, Watch, WatchedRow, Watching};

/// A check of the rows that come back: those with a tenant column must be the transaction's
/// tenant's. It is off unless a pool is built with it.
///
/// Row security has filtered the rows already; this finds out where it did not, because a policy
/// was dropped since the pool was opened, or a view of the owner's was read. A foreign row is an
/// error ([`ForeignRow`]) and is not handed out; the transaction can only be rolled back, and its
/// connection is closed.
///
/// What it looks at are the result's columns that have the name of a declared tenant column; behind
/// SeaORM's prefixes (`A_`, `B_`), too. A NULL passes, as an outer join gives it. What it cannot
/// see: a query that leaves the column out or renames it, and what was counted, summed or put into
/// JSON. A column of that name in a shared table that is read in a tenant's transaction is taken
/// for one, so give it another name.
///
/// ```
/// use std::num::NonZeroU32;
/// use tenant_core::Tripwire;
///
/// let in_tests = Tripwire::every_statement();
/// let in_production = Tripwire::one_statement_in(NonZeroU32::new(100).unwrap());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tripwire {
    one_in: NonZeroU32,
}

impl Tripwire {
    /// Looks at the rows of every statement.
    pub const fn every_statement() -> Self {
        Self { one_in: NonZeroU32::MIN }
    }

    /// Looks at all rows of one statement among so many of the pool's.
    pub const fn one_statement_in(statements: NonZeroU32) -> Self {
        Self { one_in: statements }
    }
}
