use std::error::Error as StdError;

use async_trait::async_trait;

use crate::{TenantId, TenantKey, TenantRecord};

/// Why a registry could not answer. Its own text is for logs, not for strangers.
pub type RegistryError = Box<dyn StdError + Send + Sync>;

/// Who the tenants are, and who belongs to them.
///
/// Implement it for wherever your tenants live; [`StaticRegistry`](crate::StaticRegistry) is for
/// tests and fixed sets, [`SqlRegistry`](crate::SqlRegistry) for a table in PostgreSQL.
///
/// ```
/// use async_trait::async_trait;
/// use tenant_core::{RegistryError, TenantId, TenantRecord, TenantRegistry};
///
/// # struct Accounts;
/// # struct Account { id: i64, slug: String, users: Vec<String> }
/// # impl Accounts {
/// #     async fn get(&self, _: i64) -> Result<Option<Account>, std::io::Error> { Ok(None) }
/// # }
/// /// What a service of your own knows.
/// struct OfTheService(Accounts);
///
/// #[async_trait]
/// impl TenantRegistry for OfTheService {
///     async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
///         let Some(id) = id.as_i64() else { return Ok(None) };
///         let account = self.0.get(id).await?;
///         Ok(account.map(|account| TenantRecord::new(account.id, account.slug)))
///     }
///
///     async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
///         let Some(id) = id.as_i64() else { return Ok(false) };
///         let account = self.0.get(id).await?;
///         Ok(account.is_some_and(|account| account.users.iter().any(|member| member == user)))
///     }
/// }
/// ```
#[async_trait]
pub trait TenantRegistry: Send + Sync {
    /// The type of the tenants' ids, where the registry knows it. A claim with an id of another type
    /// is then refused before it is looked up.
    fn key(&self) -> Option<TenantKey> {
        None
    }

    /// The tenant with this id, whatever its status; `None` if there is none.
    ///
    /// # Errors
    /// When the registry cannot say. It must never answer `None` for that.
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError>;

    /// The tenant with this slug, whatever its status; `None` if there is none. For addresses: a
    /// host or a path names a tenant by its slug, and that alone lets nobody in.
    ///
    /// # Errors
    /// When the registry cannot say, or knows no slugs, as by default.
    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let _ = slug;
        Err("this registry finds no tenants by their slugs: implement `find_by_slug`".into())
    }

    /// Whether the user belongs to the tenant.
    ///
    /// # Errors
    /// When the registry cannot say. It must never answer `false`, let alone `true`, for that.
    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError>;

    /// Forgets what it keeps of this tenant and its members, or with `None` everything. A registry
    /// that keeps nothing has nothing to do, as by default.
    ///
    /// # Errors
    /// When it may still answer what it knew before.
    async fn forget(&self, id: Option<&TenantId>) -> Result<(), RegistryError> {
        let _ = id;
        Ok(())
    }
}
