use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Placement, TenantId};

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
    /// Where its rows live.
    #[serde(default)]
    pub placement: Placement,
    /// The region that its rows must not leave, if there is one.
    #[serde(default)]
    pub region: Option<String>,
    /// Raised to make older claims and tokens worthless.
    pub epoch: i64,
}

impl TenantRecord {
    /// An active tenant without a plan, in the shared tables of the main database, whose name is its
    /// slug.
    pub fn new(id: impl Into<TenantId>, slug: impl Into<String>) -> Self {
        let slug = slug.into();
        Self {
            id: id.into(),
            name: slug.clone(),
            slug,
            status: TenantStatus::Active,
            plan: None,
            placement: Placement::default(),
            region: None,
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

    /// The same in this place.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// The same with this region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The same with this epoch.
    pub fn epoch(mut self, epoch: i64) -> Self {
        self.epoch = epoch;
        self
    }
}
