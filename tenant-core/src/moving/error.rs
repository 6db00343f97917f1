use crate::{ErasureError, Error, ImportError, Placement, SessionError, TenantId, TenantStatus};

/// Why a move did not come to its end. What was done until then stays, and running the same move
/// again goes on from there; before the switch, [`Move::cancel`](super::Move::cancel) brings
/// everything back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// Who moves, or why, was not said.
    #[error(
        "a move wants an actor and a reason, for the audit log: say who moves the tenant, and why"
    )]
    NoReason,
    /// The registry does not know the tenant.
    #[error("`tenancy.tenants` has no tenant {0}, so there is nothing to move; check the id")]
    Unknown(TenantId),
    /// The tenant is nobody's, or deleted.
    #[error("tenant {tenant} is {status}, so it is not moved")]
    Status {
        /// The tenant.
        tenant: TenantId,
        /// What it is.
        status: TenantStatus,
    },
    /// It lives there.
    #[error("tenant {tenant} lives in {placement} already; nothing was done")]
    AlreadyThere {
        /// The tenant.
        tenant: TenantId,
        /// Where.
        placement: Placement,
    },
    /// Another move of it is not at its end.
    #[error(
        "tenant {tenant} is on its way to {to}; end that move first, with the same `to`, or cancel it: \
         `Move::cancel`"
    )]
    OtherMove {
        /// The tenant.
        tenant: TenantId,
        /// Where that one goes.
        to: Placement,
    },
    /// No move of it has begun.
    #[error("no move of tenant {0} has begun, so there is none to cancel")]
    NotBegun(TenantId),
    /// It is too late to cancel.
    #[error(
        "tenant {tenant} lives in {to} since this move has switched, and may have written there; let \
         the move end (`Move::run`), then move it back"
    )]
    Switched {
        /// The tenant.
        tenant: TenantId,
        /// Where it lives now.
        to: Placement,
    },
    /// Somebody else is at it, or the connection of one that was killed is still there.
    #[error(
        "another session is moving tenant {0}; wait until it has ended, or end it: it holds an advisory \
         lock of its database"
    )]
    Busy(TenantId),
    /// The tenant is on legal hold, and a move erases what it leaves behind.
    #[error(
        "tenant {tenant} is on legal hold ({reason}), and a move erases the rows that it leaves behind; \
         release it first, if you may: `Tenants::release`"
    )]
    LegalHold {
        /// The tenant.
        tenant: TenantId,
        /// Why.
        reason: String,
    },
    /// The tenant cannot live there.
    #[error("the tenant cannot be moved to {to}: {why}")]
    Place {
        /// Where.
        to: Placement,
        /// What is in the way, and what to do.
        why: &'static str,
    },
    /// The sessions are not of the databases that the placements name.
    #[error("the move was given the wrong sessions: {why}; nothing was done")]
    Sessions {
        /// Which ones.
        why: &'static str,
    },
    /// The tables there are others than those here.
    #[error(
        "the tables of the target are not those of the source: {}; bring both to the same migration first",
        .0.join("; ")
    )]
    Schema(Vec<String>),
    /// Tables whose rows cannot be told apart, or not all be reached.
    #[error(
        "these tables cannot be moved while the tenant writes: {}; give each a primary key, or a unique \
         key of columns that are NOT NULL, and no children by inheritance but partitions", .0.join(", ")
    )]
    NoKey(Vec<String>),
    /// Tables of the target without walls.
    #[error(
        "row security is not on, and forced, on {} of the target: install the isolation there first \
         (`Isolation::apply`, `Isolation::apply_schema`)", .0.join(", ")
    )]
    Unwalled(Vec<String>),
    /// Tables on which the isolation can neither note nor refuse writes.
    #[error(
        "the isolation's owner does not own {}, so the tenant's writes can be neither noted nor refused there: install \
         the isolation again (`Isolation::apply`, `Isolation::apply_schema`), which takes in what came later",
        .0.join(", ")
    )]
    NotOwned(Vec<String>),
    /// There are rows already where the tenant is to live.
    #[error(
        "{table} of the target has rows already, of this tenant or, in a place that is for one, of \
         another; see whose they are, and erase what is left of an earlier stay (`Erasure`)"
    )]
    NotEmpty {
        /// The first table with rows.
        table: String,
    },
    /// Tables refer to one another in a circle that cannot be entered anywhere.
    #[error(
        "{} refer to one another and cannot be filled one after the other: make one of their foreign \
         keys DEFERRABLE, or one of its columns nullable", .0.join(", ")
    )]
    Cycle(Vec<String>),
    /// The target refused rows.
    #[error(
        "{table} of the target refused the tenant's rows: {source}; where a key is taken by another \
         tenant's row, make it unique per tenant"
    )]
    Refused {
        /// The table.
        table: String,
        /// What the database said.
        source: SessionError,
    },
    /// Somebody got past the freeze and wrote in the source, after the last look and before its erasure.
    #[error(
        "rows of the tenant were written in {table} after it had moved, and are in no other place: their keys are in \
         `tenancy.move_changes`; take over what is right where the tenant lives now, delete these notes, and run this again"
    )]
    Late {
        /// The table of the source.
        table: String,
    },
    /// After what was written the two sides were not equal.
    #[error(
        "{table} of the target does not read as that of the source does: a trigger, a rule or a rounding \
         type changes its rows, or somebody who is no tenant writes; the tenant still lives where it did"
    )]
    Differs {
        /// The table of the target.
        table: String,
    },
    /// Somebody else's transactions hold the tables.
    #[error(
        "the tenant's writes could not be {what} in time, since a transaction holds {table} for long; end \
         that transaction, and run this again"
    )]
    Held {
        /// `frozen`, `noted` or `let in again`.
        what: &'static str,
        /// The table, or all of them.
        table: String,
    },
    /// The sequences of the target were not raised.
    #[error("the target's sequences: {0}")]
    Sequences(#[source] Box<ImportError>),
    /// The rows that are left behind could not be erased.
    #[error("the tenant's rows in {place} are not erased: {source}")]
    Erasure {
        /// Where.
        place: Placement,
        /// Why.
        source: Box<ErasureError>,
    },
    /// The declaration, the catalogue, row security or the audit log is in the way.
    #[error(transparent)]
    Core(#[from] Error),
    /// A database refused, or could not be asked.
    #[error(
        "{what} was refused, or the connection was lost: {source}; run the move again to go on"
    )]
    Session {
        /// What was being done.
        what: String,
        /// What it said.
        source: SessionError,
    },
}

/// Says what was being done.
pub(super) fn at(what: &str) -> impl Fn(SessionError) -> MoveError + '_ {
    move |source| MoveError::Session { what: what.to_owned(), source }
}
