//! The worker: a job's claim is verified again, and then opens the tenant as a request's does.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tenant_core::SignedJob;
use tokio::sync::watch;

use crate::{Result, queue, state::State};

pub(crate) const REVENUE_REPORT: &str = "revenue-report";

#[derive(Serialize, Deserialize)]
pub(crate) struct RevenueReport {
    pub(crate) report: i32,
}

/// Works until it is told to stop, and then ends the job that it has.
pub(crate) async fn run(state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match queue::take(&state.queue, |job| report(&state, job)).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => eprintln!("the queue: {error}"),
        }
        tokio::select! {
            _ = stopped.changed() => {}
            () = state.enqueued.notified() => {}
            // What another process has put into the queue.
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn report(state: &State, job: SignedJob) -> Result<()> {
    let keys = std::slice::from_ref(&state.job_key);
    let (claim, job) = job.open::<RevenueReport>(keys, REVENUE_REPORT)?;
    let scope = claim.verify(&state.registry).await?;
    let failed = |failure| format!("{failure:?}");
    let revenue = state.invoices.revenue(&scope).await.map_err(failed)?;
    let text = format!("{} invoices, {} in all", revenue.invoices, revenue.sum);
    Ok(state.invoices.write_report(&scope, job.report, text).await.map_err(failed)?)
}
