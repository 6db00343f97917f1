//! From one step to the next.

use super::{
    Move, MoveError, MoveSessions, MoveStep, Moved, MovedTable, Mover, check,
    pass::{copy, pass},
    proof::Proof,
    side::{SOURCE, Side, TARGET, identity, sleep},
    state::{Registry, State},
};
use crate::{Layout, Placement, export::check_key};

/// Passes that catch up before the freeze, at the most; and those that may be needed under it.
const PASSES: usize = 10;

/// So few rows are left to be brought over under the freeze.
const FEW: usize = 100;

/// Seconds between two looks at the clock while the source is kept.
const PAUSE: f64 = 5.0;

pub(super) async fn run(
    of: &Move,
    sessions: MoveSessions<'_>,
    actor: &str,
    reason: &str,
) -> Result<Moved, MoveError> {
    let registry = open(of, sessions, actor, reason).await?;
    let (state, new) = match registry.state().await? {
        Some(state) if state.to == of.to => (state, false),
        Some(State { to, .. }) => {
            return Err(MoveError::OtherMove { tenant: of.tenant.clone(), to });
        }
        None => {
            let from = registry.may_move(&of.to).await?;
            (State { step: MoveStep::Begun, from, to: of.to.clone() }, true)
        }
    };
    let mover = sides(of, registry, sessions, &state).await?;
    if new {
        check::check(&mover).await?;
        mover.registry.begin(&state.from, &state.to).await?;
        of.tell(MoveStep::Begun);
    }
    let result = mover.steps(&state).await;
    if result.is_err() {
        mover.let_in_again().await;
    }
    mover.unlock().await;
    result
}

pub(super) async fn cancel(
    of: &Move,
    sessions: MoveSessions<'_>,
    actor: &str,
    reason: &str,
) -> Result<(), MoveError> {
    let registry = open(of, sessions, actor, reason).await?;
    let tenant = of.tenant.clone();
    let Some(state) = registry.state().await? else { return Err(MoveError::NotBegun(tenant)) };
    if state.step >= MoveStep::Switched {
        return Err(MoveError::Switched { tenant, to: state.to });
    }
    let mover = sides(of, registry, sessions, &state).await?;
    mover.registry.advance(MoveStep::Begun, None).await?;
    mover.source.thaw(of.freeze_within).await?;
    mover.target.thaw(of.freeze_within).await?;
    mover.target.erase(&mover.source).await?;
    mover.registry.end(&state, "cancelled").await?;
    mover.unlock().await;
    Ok(())
}

async fn open(
    of: &Move,
    sessions: MoveSessions<'_>,
    actor: &str,
    reason: &str,
) -> Result<Registry, MoveError> {
    if actor.trim().is_empty() || reason.trim().is_empty() {
        return Err(MoveError::NoReason);
    }
    of.tenancy.check()?;
    check_key(&of.tenant, &of.tenancy)?;
    of.to.check()?;
    Registry::open(sessions.registry, &of.tenant, actor, reason).await
}

async fn sides<'m>(
    of: &'m Move,
    registry: Registry,
    sessions: MoveSessions<'_>,
    state: &State,
) -> Result<Mover<'m>, MoveError> {
    let layout = match &of.layout {
        Some(layout) => layout.clone(),
        None => Layout::new("tenancy")?,
    };
    check::layout(&layout, &state.to)?;
    let what = (&of.tenancy, &layout, &of.tenant);
    let mut source = Side::open(sessions.source, SOURCE, &state.from, what).await?;
    let mut target = Side::open(sessions.target, TARGET, &state.to, what).await?;
    source.check_declaration()?;
    target.check_declaration()?;
    let main = identity(&*registry.session).await?;
    let is_main = |side: &Side| side.place.database_name() == Placement::MAIN;
    if [&source, &target].iter().any(|side| is_main(side) != (side.identity == main)) {
        let why =
            "the database `main` is the registry's, and a database of another name is another one";
        return Err(MoveError::Sessions { why });
    }
    let same = source.identity == target.identity;
    if same != (state.from.database_name() == state.to.database_name()) {
        let why =
            "source and target are of one database if, and only if, their placements name one";
        return Err(MoveError::Sessions { why });
    }
    (source.same, target.same) = (same, same);
    let home = |place: &Placement| place.schema_name().unwrap_or(layout.home()).to_owned();
    let homes = (home(&state.from), home(&state.to));
    Ok(Mover { of, registry, source, target, homes })
}

impl Mover<'_> {
    async fn steps(&self, state: &State) -> Result<Moved, MoveError> {
        let within = self.of.freeze_within;
        let (mut step, mut proof) = (state.step, None);
        if step == MoveStep::Frozen {
            // Another run has frozen it; or has begun to let it in again. What it has proven is not known.
            self.source.freeze(within).await?;
            self.target.watch(within).await?;
        }
        loop {
            match step {
                MoveStep::Begun => {
                    self.source.watch(within).await?;
                    copy(self).await?;
                    step = self.done(MoveStep::Copied, None).await?;
                }
                MoveStep::Copied => {
                    // They are still there, unless another run has let it in again.
                    self.source.watch(within).await?;
                    self.target.watch(within).await?;
                    self.source.analyze().await?;
                    self.target.analyze().await?;
                    self.catch_up(&mut proof).await?;
                    let since = self.registry.now().await?;
                    self.source.freeze(within).await?;
                    step = self.done(MoveStep::Frozen, Some(&since)).await?;
                }
                MoveStep::Frozen => {
                    let tables = self.prove(&mut proof).await?;
                    self.registry.switch(&state.from, &state.to, &tables).await?;
                    self.of.tell(MoveStep::Switched);
                    step = MoveStep::Switched;
                }
                MoveStep::Switched => {
                    self.target.thaw(within).await?;
                    self.outlive_old_scopes().await?;
                    self.registry.hold().await?;
                    self.source.check_nothing_came_late().await?;
                    self.source.erase(&self.target).await?;
                    step = self.done(MoveStep::Erased, None).await?;
                }
                MoveStep::Erased => {
                    self.source.thaw(within).await?;
                    return self.registry.end(state, "ended").await;
                }
            }
        }
    }

    async fn done(&self, step: MoveStep, frozen: Option<&str>) -> Result<MoveStep, MoveError> {
        self.registry.advance(step, frozen).await?;
        self.of.tell(step);
        Ok(step)
    }

    /// All rows once, then those that were written meanwhile, until they are but few, or get no fewer.
    async fn catch_up(&self, proof: &mut Option<Proof>) -> Result<(), MoveError> {
        let mut before = usize::MAX;
        for _ in 0..PASSES {
            let first = proof.is_none();
            let written = pass(self, proof, false).await?;
            // What was written while all was compared says nothing of how fast it goes from here.
            if proof.is_some() && !first {
                if written <= FEW || written > before / 8 * 7 {
                    break;
                }
                before = written;
            }
        }
        Ok(())
    }

    /// Under the freeze, when nothing is written any more: what is left to be brought over and compared.
    async fn prove(&self, proof: &mut Option<Proof>) -> Result<Vec<MovedTable>, MoveError> {
        for _ in 0..PASSES {
            pass(self, proof, true).await?;
            if let Some(proof) = proof {
                return Ok(proof.tables());
            }
        }
        Err(MoveError::Differs { table: "a table".to_owned() })
    }

    /// Until no scope opens the source any more, and no transaction that one has opened is left.
    async fn outlive_old_scopes(&self) -> Result<(), MoveError> {
        loop {
            let left = self.of.keep.as_secs_f64() - self.registry.switched_for().await?;
            if left <= 0.0 {
                return self.source.outlive_transactions().await;
            }
            sleep(&*self.registry.session, left.min(PAUSE)).await?;
        }
    }

    /// The server would do it, too, when it notices that the connections are gone.
    async fn unlock(&self) {
        for session in [&self.registry.session, &self.source.session, &self.target.session] {
            let _ = session.rows("SELECT pg_advisory_unlock_all()::text AS x", &[]).await;
        }
    }

    /// After an error, if it is certain that the tenant still lives in the source.
    async fn let_in_again(&self) {
        for session in [&self.registry.session, &self.source.session, &self.target.session] {
            let _ = session.batch("ROLLBACK").await;
        }
        let thawed = async {
            match self.registry.state().await? {
                Some(State {
                    step: step @ (MoveStep::Begun | MoveStep::Copied | MoveStep::Frozen),
                    ..
                }) => {
                    self.registry.advance(step.min(MoveStep::Copied), None).await?;
                    self.source.thaw(self.of.freeze_within).await?;
                    self.target.thaw(self.of.freeze_within).await
                }
                _ => Ok(()),
            }
        };
        if let Err(error) = thawed.await {
            tracing::warn!(
                target: "tenant::move", error = %error, tenant.id = %self.of.tenant,
                "the tenant's writes may still be refused: run its move again, or cancel it"
            );
        }
    }
}

impl Move {
    fn tell(&self, step: MoveStep) {
        tracing::info!(target: "tenant::move", step = %step, tenant.id = %self.tenant, "done");
        if let Some(call) = &self.steps {
            call(step);
        }
    }
}
