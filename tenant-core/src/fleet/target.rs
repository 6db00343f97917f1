use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Placement, TenantId, TenantRecord};

/// A place whose tables are migrated: a schema of a database, or a database as a whole.
///
/// Tenants that share their tables share a target, too: it is migrated once.
///
/// ```
/// use tenant_core::{MigrationTarget, TenantId};
///
/// let targets = [
///     MigrationTarget::schema("main", "t_7").tenant(TenantId::from(7)),
///     MigrationTarget::database("acme").tenant(TenantId::from(8)),
///     MigrationTarget::database("shared"), // of many tenants
/// ];
/// assert_eq!(targets[0].to_string(), "main/t_7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationTarget {
    /// The name by which the migrator's provider knows it.
    pub database: String,
    /// The schema, where it is one schema's tables.
    pub schema: Option<String>,
    /// Whose it is, where it is one tenant's.
    pub tenant: Option<TenantId>,
    /// Whether it goes before all others.
    pub canary: bool,
}

impl MigrationTarget {
    /// The tables of a schema.
    pub fn schema(database: impl Into<String>, schema: impl Into<String>) -> Self {
        let schema = Some(schema.into());
        Self { database: database.into(), schema, tenant: None, canary: false }
    }

    /// A database as a whole, with the search path that its login has there.
    pub fn database(database: impl Into<String>) -> Self {
        Self { database: database.into(), schema: None, tenant: None, canary: false }
    }

    /// Where this tenant's rows live. A target of shared tables is nobody's: it is the same for all
    /// tenants of the database.
    ///
    /// ```
    /// use tenant_core::{MigrationTarget, Placement, TenantRecord};
    ///
    /// let own = TenantRecord::new(8, "globex").placement(Placement::schema("eu-1", "globex")?);
    /// assert_eq!(MigrationTarget::of(&own).to_string(), "eu-1/globex");
    /// assert_eq!(MigrationTarget::of(&TenantRecord::new(7, "acme")), MigrationTarget::database("main"));
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    pub fn of(record: &TenantRecord) -> Self {
        match &record.placement {
            Placement::Shared { database } => Self::database(database),
            Placement::Schema { database, schema } => {
                Self::schema(database, schema).tenant(record.id.clone())
            }
            Placement::Database { database } => Self::database(database).tenant(record.id.clone()),
        }
    }

    /// The same as this tenant's.
    pub fn tenant(mut self, tenant: impl Into<TenantId>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The same as a canary: it is migrated before all others, and if it fails, they are left alone.
    pub fn canary(mut self) -> Self {
        self.canary = true;
        self
    }

    /// Where it is; what the log calls it. A schema's name is never empty.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.database, self.schema.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for MigrationTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{}/{schema}", self.database),
            None => f.write_str(&self.database),
        }
    }
}
