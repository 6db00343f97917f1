use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;

use crate::RegistryError;

/// How a database is reached. Its URL has a password in it, so it is never printed.
///
/// ```
/// use tenant_core::DatabaseAddress;
///
/// let address = DatabaseAddress::new("postgres://shop_login:secret@eu-1/shop").region("eu");
/// assert!(!format!("{address:?}").contains("secret"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    url: String,
    region: Option<String>,
}

impl DatabaseAddress {
    /// A database at this URL, which names the login role.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), region: None }
    }

    /// In this region. A tenant whose record names another one is not opened here.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The URL, password and all: do not log it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The region, if it is known.
    pub fn region_name(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseAddress").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Where databases are, and with which credentials: a secret store, a file, the environment.
///
/// It is asked when a database's pool is opened, and again when it was closed meanwhile or the
/// database could not be reached, so that a password can be changed.
///
/// ```
/// use tenant_core::{DatabaseAddress, DatabaseProvider, RegistryError};
///
/// struct Environment;
///
/// #[async_trait::async_trait]
/// impl DatabaseProvider for Environment {
///     async fn database(&self, name: &str) -> Result<Option<DatabaseAddress>, RegistryError> {
///         let variable = format!("DATABASE_{}", name.to_uppercase().replace('-', "_"));
///         Ok(std::env::var(variable).ok().map(DatabaseAddress::new))
///     }
/// }
/// ```
#[async_trait]
pub trait DatabaseProvider: Send + Sync {
    /// The address of the database of this name; `None` if there is none.
    ///
    /// # Errors
    /// When the provider cannot say. The text may be logged: no credentials in it.
    ///
    /// # Cancellation
    /// The future may be dropped.
    async fn database(&self, name: &str) -> Result<Option<DatabaseAddress>, RegistryError>;
}

/// A fixed set of databases.
///
/// ```
/// use tenant_core::{DatabaseAddress, StaticDatabases};
///
/// let databases = StaticDatabases::new()
///     .database("main", DatabaseAddress::new("postgres://shop_login@db1/shop"))
///     .database("eu-1", DatabaseAddress::new("postgres://shop_login@db2/shop"));
/// # let _ = databases;
/// ```
#[derive(Debug, Clone, Default)]
pub struct StaticDatabases {
    databases: BTreeMap<String, DatabaseAddress>,
}

impl StaticDatabases {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with this one, under this name.
    pub fn database(mut self, name: impl Into<String>, address: DatabaseAddress) -> Self {
        self.databases.insert(name.into(), address);
        self
    }
}

#[async_trait]
impl DatabaseProvider for StaticDatabases {
    async fn database(&self, name: &str) -> Result<Option<DatabaseAddress>, RegistryError> {
        Ok(self.databases.get(name).cloned())
    }
}
