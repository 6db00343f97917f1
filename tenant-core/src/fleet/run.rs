use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;

use super::{
    MigrateTarget, MigrationLog, MigrationOutcome, MigrationResult, MigrationStep, MigrationTarget,
    MigrationsError, MigrationsReport, enter::Entry, one::One, order::Order,
};
use crate::SqlSession;

type Told = dyn Fn(&MigrationOutcome) + Send + Sync;

/// Migrations over all tenants: every schema and every database, several at a time.
///
/// One target goes first, alone; if it fails, no other is touched. Each failure is that target's
/// outcome, and after so many no further target is begun. Each migration is one transaction, with the
/// ORM's own record of it, unless it cannot be. Every target is locked while it is migrated, so that two
/// runners at once do no harm: the second one waits, and finds nothing to do.
///
/// A run that was killed is resumed by running it again: each target says what it has.
///
/// ```no_run
/// # async fn f(log: impl tenant_core::SqlSession, migrator: impl tenant_core::MigrateTarget) -> Result<(), tenant_core::MigrationsError> {
/// use tenant_core::{MigrationTarget, TenantMigrations};
///
/// let targets: Vec<_> = (1..=2000).map(|n| MigrationTarget::schema("main", format!("t_{n}"))).collect();
/// let migrations = TenantMigrations::new(log, migrator, "deploy 4711").at_once(8);
/// println!("{} targets lack some", migrations.pending(targets.clone()).await?.undone().count());
///
/// let report = migrations.run(targets).await?;
/// for outcome in report.failed() {
///     eprintln!("{}: {:?}", outcome.target, outcome.result);
/// }
/// # Ok(()) }
/// ```
///
/// # Authority
/// The migrator's login owns the tables of the targets. The session's login owns the log, or may create
/// a schema in its database: see [`MigrationLog`]. Neither is the application's.
pub struct TenantMigrations<S, M> {
    log: MigrationLog<S>,
    migrator: M,
    who: String,
    at_once: usize,
    stop_at: usize,
    canary: bool,
    skip_complete: bool,
    retry_unclear: bool,
    entry: Entry,
    stop: Option<Arc<AtomicBool>>,
    told: Option<Box<Told>>,
}

impl<S: SqlSession, M: MigrateTarget> TenantMigrations<S, M> {
    /// Migrations by this migrator, with a log in this session's database. `who` is a person or a
    /// deployment, for the log.
    pub fn new(log: S, migrator: M, who: impl Into<String>) -> Self {
        Self {
            log: MigrationLog::new(log),
            migrator,
            who: who.into(),
            at_once: 4,
            stop_at: 1,
            canary: true,
            skip_complete: false,
            retry_unclear: false,
            entry: Entry {
                role: None,
                also_searched: Vec::new(),
                lock_timeout: None,
                wait: Duration::from_mins(1),
            },
            stop: None,
            told: None,
        }
    }

    /// How many targets at a time, each with one connection; 4 by default, at least one.
    pub fn at_once(mut self, targets: usize) -> Self {
        self.at_once = targets.max(1);
        self
    }

    /// After how many failures no further target is begun; by default, and at least, one. Those that
    /// are under way are brought to their end.
    pub fn stop_at(mut self, failures: usize) -> Self {
        self.stop_at = failures.max(1);
        self
    }

    /// Lets no target go first but those that are [marked](MigrationTarget::canary). By default, where none
    /// is, the first one that has anything to migrate goes first.
    pub fn without_canary(mut self) -> Self {
        self.canary = false;
        self
    }

    /// Leaves out the targets for which the log says that all is done. Faster, and it does not see
    /// what was restored from an old backup or migrated by other means.
    pub fn skip_complete(mut self) -> Self {
        self.skip_complete = true;
        self
    }

    /// Runs those again that failed or were killed outside of a transaction. Take away what there is
    /// of them first.
    pub fn retry_unclear(mut self) -> Self {
        self.retry_unclear = true;
        self
    }

    /// Runs migrations as this role, which owns the tables, where the login is another that may take
    /// it on.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.entry.role = Some(role.into());
        self
    }

    /// Searches this schema behind the tenant's: for types and functions that all share, such as those of
    /// extensions. By default none is, not even `public`, so that a statement never falls through to
    /// another's table; a table of this name there is found where the tenant's is missing.
    pub fn also_search(mut self, schema: impl Into<String>) -> Self {
        self.entry.also_searched.push(schema.into());
        self
    }

    /// How long a statement of a migration waits for a lock on a table, behind which everybody else
    /// waits in turn. By default as the server is set, which mostly is for ever.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.entry.lock_timeout = Some(timeout);
        self
    }

    /// How long another runner of the same target is waited for, before the target counts as failed;
    /// about, a minute by default.
    pub fn wait_for_runner(mut self, wait: Duration) -> Self {
        self.entry.wait = wait;
        self
    }

    /// Begins with no further target once this is true.
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Tells this of each outcome, when it is there. It must not block.
    pub fn on_outcome(mut self, told: impl Fn(&MigrationOutcome) + Send + Sync + 'static) -> Self {
        self.told = Some(Box::new(told));
        self
    }

    /// The log.
    pub fn log(&self) -> &MigrationLog<S> {
        &self.log
    }

    /// What a run would do, a dry run: each target's migrations that are not applied. Nothing is
    /// changed, in read-only sessions; the log is not made and not asked.
    ///
    /// # Errors
    /// [`MigrationsError::Unlisted`].
    pub async fn pending(
        &self,
        targets: impl IntoIterator<Item = MigrationTarget>,
    ) -> Result<MigrationsReport, MigrationsError> {
        let steps = self.migrator.migrations().map_err(MigrationsError::Unlisted)?;
        let order = Order::of(targets, &HashSet::new());
        let one = &self.one(&steps);
        let targets = order.canaries.into_iter().chain(order.others);
        let looks = targets.map(|target| {
            async move {
                let result = one.pending(&target).await;
                self.tell(target, result)
            }
            .boxed()
        });
        let outcomes = stream::iter(looks).buffer_unordered(self.at_once).collect().await;
        Ok(MigrationsReport { outcomes, stopped: None })
    }

    /// Applies to every target what it lacks.
    ///
    /// Dropping the future, or killing the process, leaves each target with whole migrations: the one
    /// under way is rolled back, or was committed. One outside of a transaction is
    /// [unclear](crate::MigrationState::Unclear) then.
    ///
    /// # Errors
    /// [`MigrationsError`], before any target is touched. What goes wrong in a target is its outcome.
    pub async fn run(
        &self,
        targets: impl IntoIterator<Item = MigrationTarget>,
    ) -> Result<MigrationsReport, MigrationsError> {
        if self.who.trim().is_empty() {
            return Err(MigrationsError::Unaccountable);
        }
        let steps = self.migrator.migrations().map_err(MigrationsError::Unlisted)?;
        self.log.install().await?;
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        let names = Value::from(names).to_string();
        let complete = self.log.complete(&names).await.map_err(MigrationsError::Log)?;
        let order = Order::of(targets, &complete.into_iter().collect());
        Ok(self.in_order(order, &self.one(&steps)).await)
    }

    async fn in_order(&self, order: Order, one: &One<'_, S, M>) -> MigrationsReport {
        let mut report = MigrationsReport::default();
        let Order { canaries, mut others, mut complete } = order;
        if self.skip_complete {
            let skipped = complete.drain(..);
            report
                .outcomes
                .extend(skipped.map(|target| self.tell(target, MigrationResult::UpToDate)));
        }
        let mut named = canaries.len();
        // Where none is named, until one has shown that the migrations run.
        let mut shown = !self.canary || named > 0;
        canaries.into_iter().rev().for_each(|target| others.push_front(target));
        while report.stopped.is_none() && !self.is_stopped() && (!shown || named > 0) {
            let Some(target) = others.pop_front() else { break };
            let outcome = self.tell(target.clone(), one.migrate(&target).await);
            if outcome.is_failed() {
                report.stopped = Some(format!("the canary failed: {target}"));
            }
            shown |= matches!(outcome.result, MigrationResult::Migrated { .. });
            named = named.saturating_sub(1);
            report.outcomes.push(outcome);
        }
        let left = others.into_iter().chain(complete);
        if report.stopped.is_none() {
            self.all(&mut report, left, one).await;
        } else {
            report
                .outcomes
                .extend(left.map(|target| self.tell(target, MigrationResult::NotStarted)));
        }
        report
    }

    /// Several at a time, until there are too many failures.
    async fn all(
        &self,
        report: &mut MigrationsReport,
        targets: impl IntoIterator<Item = MigrationTarget>,
        one: &One<'_, S, M>,
    ) {
        let failures = &AtomicUsize::new(0);
        let runs = targets.into_iter().map(|target| {
            async move {
                let result = if self.is_stopped() || failures.load(SeqCst) >= self.stop_at {
                    MigrationResult::NotStarted
                } else {
                    one.migrate(&target).await
                };
                let outcome = self.tell(target, result);
                if outcome.is_failed() {
                    failures.fetch_add(1, SeqCst);
                }
                outcome
            }
            .boxed()
        });
        let mut outcomes = stream::iter(runs).buffer_unordered(self.at_once);
        while let Some(outcome) = outcomes.next().await {
            report.outcomes.push(outcome);
        }
        let failed = failures.load(SeqCst);
        if self.is_stopped() {
            report.stopped = Some("it was told to stop".to_owned());
        } else if failed >= self.stop_at {
            report.stopped = Some(format!("{failed} targets failed"));
        }
    }

    fn one<'r>(&'r self, steps: &'r [MigrationStep]) -> One<'r, S, M> {
        One {
            log: &self.log,
            migrator: &self.migrator,
            steps,
            who: &self.who,
            entry: &self.entry,
            retry_unclear: self.retry_unclear,
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(SeqCst))
    }

    fn tell(&self, target: MigrationTarget, result: MigrationResult) -> MigrationOutcome {
        let outcome = MigrationOutcome { target, result };
        tracing::debug!(target: "tenant::migrations", place = %outcome.target, result = ?outcome.result);
        if let Some(told) = &self.told {
            told(&outcome);
        }
        outcome
    }
}

impl<S, M> fmt::Debug for TenantMigrations<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantMigrations")
            .field("who", &self.who)
            .field("at_once", &self.at_once)
            .field("stop_at", &self.stop_at)
            .finish_non_exhaustive()
    }
}
