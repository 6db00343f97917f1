use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use crate::{RegistryError, TenantId, TenantList, TenantRecord, TenantRegistry, TenantStatus};

/// A fixed set of tenants, for tests, examples and installations whose tenants are configuration.
///
/// ```
/// use tenant_core::{StaticRegistry, TenantRecord, TenantStatus};
///
/// let gone = TenantRecord::new(8, "bolt").status(TenantStatus::Suspended);
/// let registry = StaticRegistry::new([TenantRecord::new(7, "acme").plan("free"), gone])
///     .member(7, "alice");
/// # let _ = registry;
/// ```
#[derive(Debug, Clone, Default)]
pub struct StaticRegistry {
    tenants: HashMap<TenantId, TenantRecord>,
    members: HashSet<(TenantId, String)>,
}

impl StaticRegistry {
    /// A registry of these tenants, without members.
    pub fn new(tenants: impl IntoIterator<Item = TenantRecord>) -> Self {
        Self {
            tenants: tenants.into_iter().map(|t| (t.id.clone(), t)).collect(),
            members: HashSet::new(),
        }
    }

    /// The same, with this user as a member of this tenant.
    pub fn member(mut self, tenant: impl Into<TenantId>, user: impl Into<String>) -> Self {
        self.members.insert((tenant.into(), user.into()));
        self
    }
}

#[async_trait]
impl TenantRegistry for StaticRegistry {
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        Ok(self.tenants.get(id).cloned())
    }

    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let mut found = self.tenants.values().filter(|tenant| tenant.slug == slug);
        let first = found.next().cloned();
        match found.next() {
            None => Ok(first),
            Some(_) => Err("two tenants have this slug: it must be unique".into()),
        }
    }

    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        Ok(self.members.contains(&(id.clone(), user.to_owned())))
    }
}

#[async_trait]
impl TenantList for StaticRegistry {
    async fn active_after(
        &self,
        after: Option<&TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantId>, RegistryError> {
        let active = self.tenants.values().filter(|tenant| tenant.status == TenantStatus::Active);
        let mut ids: Vec<TenantId> = active
            .map(|tenant| tenant.id.clone())
            .filter(|id| after.is_none_or(|after| id > after))
            .collect();
        ids.sort_unstable();
        ids.truncate(limit);
        Ok(ids)
    }
}
