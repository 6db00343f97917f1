use std::{
    borrow::Cow,
    collections::{HashSet, VecDeque},
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use futures_util::{FutureExt, StreamExt, stream};

use super::{TenantOutcome, TenantResult, TenantsReport};
use crate::{
    Principal, RegistryError, TenantId, TenantList, TenantRegistry, TenantScope, Verified,
};

/// How many ids are read at a time.
const PAGE: usize = 500;

/// Does something for every active tenant, several at a time: see [`ForEachTenant`].
pub fn for_each_tenant<R>(
    registry: &R,
    reason: impl Into<Cow<'static, str>>,
) -> ForEachTenant<'_, R> {
    ForEachTenant { registry, reason: reason.into(), at_once: 4, done: Vec::new(), stop: None }
}

/// A run over every active tenant, each with a scope of its own that was verified just before, as
/// `Principal::System(reason)`.
///
/// One tenant's failure is that tenant's outcome and hinders no other; so is a tenant that was suspended
/// meanwhile. Take the registry itself and not a cached one.
///
/// ```
/// use tenant_core::{StaticRegistry, TenantRecord, for_each_tenant};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = StaticRegistry::new([TenantRecord::new(1, "acme"), TenantRecord::new(2, "late")]);
/// let report = for_each_tenant(&registry, "nightly invoices")
///     .at_once(8)
///     .run(
///         async |scope| if scope.record().slug == "late" { Err("no address") } else { Ok(()) },
///         async |outcome| println!("{}: {:?}", outcome.tenant, outcome.result), // keep it
///     )
///     .await;
/// assert_eq!(report.undone().count(), 1);
///
/// // the next night, from where the report was kept
/// let kept = serde_json::to_string(&report)?;
/// let again = for_each_tenant(&registry, "nightly invoices")
///     .resume(serde_json::from_str(&kept)?)
///     .run(async |_| Ok::<_, &str>(()), async |_| ())
///     .await;
/// assert!(again.is_complete());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is done before `run`"]
pub struct ForEachTenant<'r, R> {
    registry: &'r R,
    reason: Cow<'static, str>,
    at_once: usize,
    done: Vec<TenantOutcome>,
    stop: Option<Arc<AtomicBool>>,
}

impl<R: TenantRegistry + TenantList> ForEachTenant<'_, R> {
    /// For how many tenants at a time; 4 by default, at least one. Not more than the pool has
    /// connections for.
    pub fn at_once(mut self, tenants: usize) -> Self {
        self.at_once = tenants.max(1);
        self
    }

    /// Leaves out those for whom an earlier run was done, as its report says, or the outcomes that were
    /// kept of it.
    pub fn resume(mut self, report: TenantsReport) -> Self {
        self.done.extend(report.outcomes.into_iter().filter(|o| o.result == TenantResult::Done));
        self
    }

    /// Begins with no further tenant once this is true; those begun are brought to their end, and the
    /// others are in the report as not started.
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Runs it. `on_outcome` gets each outcome right when it is there, before another tenant takes its
    /// place: keep it, and a run that was killed can be resumed. It is called for what was begun.
    ///
    /// Dropping the future drops what is under way: these tenants have no outcome, and their
    /// transactions are rolled back. A panic of the closure ends the run.
    pub async fn run<W, D, E, C, K>(self, work: W, on_outcome: C) -> TenantsReport
    where
        W: Fn(TenantScope<Verified>) -> D + Sync,
        D: Future<Output = Result<(), E>> + Send,
        E: Display,
        C: Fn(TenantOutcome) -> K + Sync,
        K: Future<Output = ()> + Send,
    {
        let (this, work, on_outcome) = (&self, &work, &on_outcome);
        let pages = Pages {
            list: this.registry,
            skip: this.done.iter().map(|outcome| outcome.tenant.clone()).collect(),
            after: None,
            page: VecDeque::new(),
            ended: false,
        };
        // Boxed, so that the whole can be spawned: what is `Send` is said here and not guessed there.
        let mut outcomes = stream::unfold(pages, |pages| pages.next().boxed())
            .map(|next| this.one(next, work, on_outcome).boxed())
            .buffer_unordered(self.at_once)
            .boxed();
        let mut report = TenantsReport { outcomes: self.done.clone(), unlisted: None };
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(outcome) => report.outcomes.push(outcome),
                Err(error) => report.unlisted = Some(error.to_string()),
            }
        }
        report
    }

    async fn one<W, D, E, C, K>(
        &self,
        next: Result<TenantId, RegistryError>,
        work: &W,
        on_outcome: &C,
    ) -> Result<TenantOutcome, RegistryError>
    where
        W: Fn(TenantScope<Verified>) -> D + Sync,
        D: Future<Output = Result<(), E>> + Send,
        E: Display,
        C: Fn(TenantOutcome) -> K + Sync,
        K: Future<Output = ()> + Send,
    {
        let tenant = next?;
        if self.stop.as_ref().is_some_and(|stop| stop.load(SeqCst)) {
            return Ok(TenantOutcome { tenant, result: TenantResult::NotStarted });
        }
        let claim = TenantScope::claim(tenant.clone(), Principal::System(self.reason.clone()));
        let result = match claim.verify(self.registry).await {
            Err(error) => TenantResult::NotVerified { error: error.to_string() },
            Ok(scope) => match work(scope).await {
                Ok(()) => TenantResult::Done,
                Err(error) => TenantResult::Failed { error: format!("{error:#}") },
            },
        };
        let outcome = TenantOutcome { tenant, result };
        // Here and not by whoever collects them, so that the others go on meanwhile.
        on_outcome(outcome.clone()).await;
        Ok(outcome)
    }
}

/// The ids, page by page.
struct Pages<'r, R> {
    list: &'r R,
    /// For whom it is done.
    skip: HashSet<TenantId>,
    after: Option<TenantId>,
    page: VecDeque<TenantId>,
    ended: bool,
}

impl<R: TenantList> Pages<'_, R> {
    async fn next(mut self) -> Option<(Result<TenantId, RegistryError>, Self)> {
        loop {
            if self.page.is_empty() && !self.ended {
                match self.read().await {
                    Ok(page) => self.page = page,
                    Err(error) => {
                        self.ended = true;
                        return Some((Err(error), self));
                    }
                }
            }
            let next = self.page.pop_front()?;
            self.after = Some(next.clone());
            if !self.skip.contains(&next) {
                return Some((Ok(next), self));
            }
        }
    }

    async fn read(&self) -> Result<VecDeque<TenantId>, RegistryError> {
        let page = self.list.active_after(self.after.as_ref(), PAGE).await?;
        if page.last().is_some() && page.last() == self.after.as_ref() {
            return Err("the list of tenants does not go on behind the id that it is given".into());
        }
        Ok(page.into())
    }
}
