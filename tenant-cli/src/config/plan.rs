//! What a tenant's transactions may use: `[plans.free]`.

use std::time::Duration;

use serde::Deserialize;
use tenant_core::Limits;

use super::units;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(default, deserialize_with = "units::limit")]
    statement_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::limit")]
    lock_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::limit")]
    idle_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::kib")]
    work_mem: Option<u32>,
    parallel_workers: Option<u16>,
}

impl Plan {
    pub(super) fn limits(&self) -> Limits {
        let mut limits = Limits::new();
        if let Some(timeout) = self.statement_timeout {
            limits = limits.statement_timeout(timeout);
        }
        if let Some(timeout) = self.lock_timeout {
            limits = limits.lock_timeout(timeout);
        }
        if let Some(timeout) = self.idle_timeout {
            limits = limits.idle_timeout(timeout);
        }
        if let Some(kib) = self.work_mem {
            limits = limits.work_mem_kib(kib);
        }
        if let Some(workers) = self.parallel_workers {
            limits = limits.parallel_workers(workers);
        }
        limits
    }
}
