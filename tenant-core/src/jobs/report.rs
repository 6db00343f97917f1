use serde::{Deserialize, Serialize};

use crate::TenantId;

/// What became of one tenant in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TenantResult {
    /// The closure said so.
    Done,
    /// The closure failed.
    Failed {
        /// What it said.
        error: String,
    },
    /// The registry did not confirm the tenant: suspended or deleted meanwhile, or it could not say.
    NotVerified {
        /// What it said.
        error: String,
    },
    /// The run was stopped before.
    NotStarted,
}

/// One tenant's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantOutcome {
    /// Which tenant.
    pub tenant: TenantId,
    /// What became of it.
    pub result: TenantResult,
}

/// What became of every tenant of a run, to be kept and [resumed](crate::ForEachTenant::resume).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "it says for which tenants nothing was done"]
pub struct TenantsReport {
    /// In the order in which they ended; those of the run that was resumed first.
    pub outcomes: Vec<TenantOutcome>,
    /// Why there may be tenants that are not in it: the list of tenants could not be read to its end.
    pub unlisted: Option<String>,
}

impl TenantsReport {
    /// Whether everything is done for every tenant.
    pub fn is_complete(&self) -> bool {
        self.unlisted.is_none() && self.undone().next().is_none()
    }

    /// Those for whom it is not done.
    pub fn undone(&self) -> impl Iterator<Item = &TenantOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.result != TenantResult::Done)
    }
}

/// Of outcomes that were kept one by one.
impl FromIterator<TenantOutcome> for TenantsReport {
    fn from_iter<I: IntoIterator<Item = TenantOutcome>>(outcomes: I) -> Self {
        Self { outcomes: outcomes.into_iter().collect(), unlisted: None }
    }
}
