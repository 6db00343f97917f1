use std::fmt;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Whether a tenant may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TenantStatus {
    /// In use.
    #[default]
    Active,
    /// Locked out for now; its rows stay.
    Suspended,
    /// Locked out for a moment, while something is done to its rows; it will be back.
    Maintenance,
    /// Made beforehand, and nobody's yet.
    Spare,
    /// Gone, or on its way out.
    Deleted,
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Maintenance => "maintenance",
            Self::Spare => "spare",
            Self::Deleted => "deleted",
        })
    }
}

/// What the registry knows of a tenant. A verified scope carries the one it was verified against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantRecord {
    /// The key in every tenant column.
    pub id: TenantId,
    /// Short, unique, for addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Whether it may be used.
    pub status: TenantStatus,
    /// The plan it pays for, if there are plans.
    pub plan: Option<String>,
    /// Raised to make older claims and tokens worthless.
    pub epoch: i64,
}

impl TenantRecord {
    /// An active tenant without a plan, whose name is its slug.
    pub fn new(id: impl Into<TenantId>, slug: impl Into<String>) -> Self {
        let slug = slug.into();
        Self {
            id: id.into(),
            name: slug.clone(),
            slug,
            status: TenantStatus::Active,
            plan: None,
            epoch: 0,
        }
    }

    /// The same with this name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same with this status.
    pub fn status(mut self, status: TenantStatus) -> Self {
        self.status = status;
        self
    }

    /// The same with this plan.
    pub fn plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// The same with this epoch.
    pub fn epoch(mut self, epoch: i64) -> Self {
        self.epoch = epoch;
        self
    }
}
