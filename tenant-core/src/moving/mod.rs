//! A tenant goes elsewhere while it works.

mod both;
mod check;
mod compare;
mod compare_keys;
mod error;
mod fill;
mod lock;
mod noted;
mod pair;
mod pass;
mod proof;
mod run;
mod side;
mod state;

pub use error::MoveError;
pub use state::MoveStep;

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use self::{side::Side, state::Registry};
use crate::{Layout, Placement, Reporter, SqlSession, Tenancy, TenantId};

/// How long the source is kept: as long as a scope is good that was verified before, five minutes, and as
/// a cache may have answered with the old record, one.
const KEEP: Duration = Duration::from_mins(6);

/// How long the freeze may wait for transactions that write.
const FREEZE_WITHIN: Duration = Duration::from_secs(30);

/// Moves a tenant to another [`Placement`]: from shared tables into a schema or a database of its own, to
/// another database, and back, while it works.
///
/// The rows are copied and compared while the tenant goes on, and triggers note the keys of those that it
/// writes meanwhile; then its writes, and nobody else's, are refused for as long as it takes to bring over
/// and to compare the last of these, and to say in the registry where the tenant lives now. What it has
/// left behind is erased when nobody can look there any more.
///
/// ```no_run
/// # async fn f(tenancy: &tenant_core::Tenancy, layout: &tenant_core::Layout, session: impl tenant_core::SqlSession)
/// # -> Result<(), tenant_core::MoveError> {
/// use tenant_core::{Move, MoveSessions, Placement};
///
/// // `session` logs in as `shop_admin`; the schema is there, with its tables and their walls.
/// let to = Placement::schema(Placement::MAIN, "acme")?;
/// let moved = Move::new(tenancy, 7, to)
///     .layout(layout)
///     .run(MoveSessions::one(&session), "alice@ops", "request 4711")
///     .await?;
/// println!("its writes were refused for {:?}", moved.writes_refused);
/// # Ok(()) }
/// ```
///
/// Each step is written down in `tenancy.moves` when it is done. Whatever ends it half-way, running the
/// same move again goes on from there; before the switch, [`cancel`](Self::cancel) brings everything back.
/// There are never two places in which the tenant can write.
///
/// A refused write is an error of its own in the adapters, `Error::Moving`: verify the scope again and
/// run the transaction again.
///
/// # Authority
/// It reads and writes the tenant's rows in both places, and changes the registry: the sessions must be
/// the `…_admin` logins'.
#[derive(Clone)]
pub struct Move {
    tenancy: Tenancy,
    tenant: TenantId,
    to: Placement,
    layout: Option<Layout>,
    keep: Duration,
    freeze_within: Duration,
    progress: Reporter,
    steps: Option<Arc<dyn Fn(MoveStep) + Send + Sync>>,
}

/// The databases of a move; two or all three may be the same one. Each session is asked for one
/// connection of its own, which a pooler must not share with others.
#[derive(Clone, Copy)]
pub struct MoveSessions<'s> {
    /// Of the registry's database, `main`.
    pub registry: &'s dyn SqlSession,
    /// Of the database in which the tenant lives.
    pub source: &'s dyn SqlSession,
    /// Of the database to which it goes.
    pub target: &'s dyn SqlSession,
}

/// A move that has come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Who.
    pub tenant: TenantId,
    /// Where it lived.
    pub from: Placement,
    /// Where it lives.
    pub to: Placement,
    /// What was equal on both sides when it switched.
    pub tables: Vec<MovedTable>,
    /// From before the freeze until the switch, by the registry's clock.
    pub writes_refused: Duration,
}

/// A table of the target after a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MovedTable {
    /// The table, quoted, with its schema.
    pub table: String,
    /// How many rows of the tenant.
    pub rows: u64,
    /// Over the rows in whatever order: the sum of their SHA-256, in hexadecimal digits.
    pub checksum: String,
}

/// A move that runs, with all its locks.
struct Mover<'m> {
    of: &'m Move,
    registry: Registry,
    source: Side,
    target: Side,
    /// Where tables are that are declared without a schema, on both sides.
    homes: (String, String),
}

impl Mover<'_> {
    fn homes(&self) -> (&str, &str) {
        (&self.homes.0, &self.homes.1)
    }
}

impl Move {
    /// Of this tenant, to this place. The schema or the database must be there, with the tables and the
    /// isolation, and no row of the tenant.
    pub fn new(tenancy: &Tenancy, tenant: impl Into<TenantId>, to: Placement) -> Self {
        Self {
            tenancy: tenancy.clone(),
            tenant: tenant.into(),
            to,
            layout: None,
            keep: KEEP,
            freeze_within: FREEZE_WITHIN,
            progress: Reporter::default(),
            steps: None,
        }
    }

    /// The layout that the application uses. Without one, a table whose declaration names no schema is in
    /// `public`, or in the tenant's own schema.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// How long the source is kept after the switch, for whoever reads with a scope that was verified
    /// before: no shorter than the pools' `max_scope_age` and the time for which a cached registry
    /// answers without asking. Without a word, six minutes: the sum of both where nobody has set them.
    pub fn keep_source(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// How long the freeze, and the triggers that note what is written, may each wait for the end of
    /// transactions that write in the tenant's tables, in many short attempts, between which others write.
    /// Without a word, thirty seconds.
    pub fn freeze_within(mut self, time: Duration) -> Self {
        self.freeze_within = time;
        self
    }

    /// Who is told how many rows have come over, table by table and pass by pass.
    pub fn report(mut self, reporter: Reporter) -> Self {
        self.progress = reporter;
        self
    }

    /// Who is told of each step that is done. It must not block for long, since the move waits for it.
    pub fn on_step(mut self, call: impl Fn(MoveStep) + Send + Sync + 'static) -> Self {
        self.steps = Some(Arc::new(call));
        self
    }

    /// Moves it, or goes on with a move that did not come to its end.
    ///
    /// Dropping the future stops where it is: run it again, or cancel it. Between the steps
    /// [`Frozen`](MoveStep::Frozen) and [`Switched`](MoveStep::Switched) the tenant's writes are refused
    /// until somebody does.
    ///
    /// # Errors
    /// [`MoveError`]. An error before the switch lets the tenant write again, if the databases can be
    /// reached.
    pub async fn run(
        &self,
        sessions: MoveSessions<'_>,
        actor: &str,
        reason: &str,
    ) -> Result<Moved, MoveError> {
        run::run(self, sessions, actor, reason).await
    }

    /// Takes back a move that has not switched: the tenant writes where it lives, and nothing of it is
    /// left in the target.
    ///
    /// Dropping the future leaves a move that has begun; run either of them again.
    ///
    /// # Errors
    /// [`MoveError::NotBegun`], [`MoveError::Switched`], and whatever the databases said.
    pub async fn cancel(
        &self,
        sessions: MoveSessions<'_>,
        actor: &str,
        reason: &str,
    ) -> Result<(), MoveError> {
        run::cancel(self, sessions, actor, reason).await
    }
}

impl<'s> MoveSessions<'s> {
    /// Registry, source and target are one database.
    pub fn one(session: &'s dyn SqlSession) -> Self {
        Self { registry: session, source: session, target: session }
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Move")
            .field("tenant", &self.tenant)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MoveSessions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveSessions").finish_non_exhaustive()
    }
}
