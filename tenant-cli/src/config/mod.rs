//! `tenant.toml`: what an application declares, for whatever does not read its Rust.

mod error;
mod file;
mod isolation;
mod plan;
mod search;
mod source;
mod table;
mod units;
mod url;

use std::{collections::BTreeMap, ops::Range, path::Path};

use tenant_core::{
    Adopt, Error, Isolation, Layout, Limits, Lint, Probe, SlugRules, Tenancy, TenantId,
};

pub use error::ConfigError;
use file::File;
pub use table::table_name;
pub use units::duration;

/// What an application declares in its `tenant.toml`: tables, roles, how a transaction is told its
/// tenant. The command `tenant` works on it, and an [`Isolation`] can be built from it.
///
/// ```
/// use tenant_cli::Config;
///
/// let config: Config = r#"
///     role_prefix = "shop"
///     tenant_tables = ["customers", { name = "invoices", column = "account_id" }]
///     shared_tables = ["plans"]
/// "#.parse()?;
/// let isolation = config.isolation("shop")?;
/// assert!(isolation.up().contains("shop_tenant"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Everything in the file is checked when it is read; keys that it does not know are refused. The
/// keys are described in `docs/cli.md`.
#[derive(Debug, Clone)]
pub struct Config {
    file: File,
    tenancy: Tenancy,
    adopt: Adopt,
}

/// A lint's finding that may stay, as the file says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Suppression {
    /// The lint's code: `TEN131`.
    pub code: String,
    /// What it was found on, as the finding says it: `table public.plans`.
    pub object: String,
    /// Why it may stay.
    pub reason: String,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ConfigError`] with the file, the line, what is wrong there and what to write instead.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unread { file: name.clone(), source })?;
        Self::parse(&text, &name)
    }

    /// Reads a text; `name` is what errors call it.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|e| error::of_toml(&e, text, name))?;
        let at = |span: Range<usize>, why: String| error::at(text, name, span, why);
        let tenancy = file.tenancy(&at)?;
        let adopt = file.adopt(&at)?;
        let config = Self { file, tenancy, adopt };
        config.check(&at)?;
        Ok(config)
    }

    /// What can only be judged as a whole, with the place where it stands.
    fn check(&self, at: &dyn Fn(Range<usize>, String) -> ConfigError) -> Result<(), ConfigError> {
        let file = &self.file;
        if let Some((span, why)) = file.contradiction() {
            return Err(at(span, why.to_owned()));
        }
        let isolation = file.isolation(&self.tenancy, "x");
        isolation.map_err(|(span, error)| at(span, error.to_string()))?;
        for id in file.probe.tenants.iter().flatten() {
            let parsed = self.tenancy.key().parse(id.get_ref());
            parsed.map_err(|error| at(id.span(), error.to_string()))?;
        }
        Ok(())
    }

    /// The declared tables.
    pub fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    /// The names that the application and its database agree on. Where the file names neither
    /// `role_prefix` nor `single_role`, roles are named after the database, as `TenantDb` does it.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when the database's name is too long to name roles after.
    pub fn layout(&self, database: &str) -> Result<Layout, Error> {
        self.file.layout(database).map_err(|(_, error)| error)
    }

    /// Whether the file names the roles, so that no database's name is needed.
    pub fn names_roles(&self) -> bool {
        self.file.names_roles()
    }

    /// What the declaration needs in the database of this name.
    ///
    /// # Errors
    /// As [`layout`](Self::layout).
    pub fn isolation(&self, database: &str) -> Result<Isolation, Error> {
        self.file.isolation(&self.tenancy, database).map_err(|(_, error)| error)
    }

    /// The lint of the database of this name, with the findings that the file says may stay.
    ///
    /// # Errors
    /// As [`layout`](Self::layout).
    pub fn lint(&self, database: &str) -> Result<Lint, Error> {
        let lint = Lint::new(&self.tenancy).layout(&self.layout(database)?);
        let suppressed = self.file.suppress.iter();
        Ok(suppressed.fold(lint, |lint, s| lint.suppress(&s.code, &s.object, &s.reason)))
    }

    /// The probe of the database of this name.
    ///
    /// # Errors
    /// As [`layout`](Self::layout).
    pub fn probe(&self, database: &str) -> Result<Probe, Error> {
        let mut probe = Probe::new(&self.tenancy).layout(&self.layout(database)?);
        let options = &self.file.probe;
        if let Some([a, b]) = &options.tenants {
            let id = |text: &str| self.tenancy.key().parse(text);
            let (a, b): (TenantId, TenantId) = (id(a.get_ref())?, id(b.get_ref())?);
            probe = probe.tenants(a, b);
        }
        if let Some([a, b]) = &options.users {
            probe = probe.users(a, b);
        }
        Ok(if options.with_triggers { probe.with_triggers() } else { probe })
    }

    /// How an existing database is read: with the file's schemas, and what is below `[adopt]`.
    pub fn adopt(&self) -> &Adopt {
        &self.adopt
    }

    /// Which slugs tenants may have.
    pub fn slugs(&self) -> SlugRules {
        SlugRules::default().reserve(&self.file.slugs.reserve).allow(&self.file.slugs.allow)
    }

    /// What a transaction of a tenant on each plan may use, for
    /// `TenantDb::builder(…).plan_limits(…)`.
    pub fn limits(&self) -> BTreeMap<&str, Limits> {
        self.file.plans.iter().map(|(name, plan)| (name.as_str(), plan.limits())).collect()
    }

    /// The findings that may stay.
    pub fn suppressions(&self) -> &[Suppression] {
        &self.file.suppress
    }

    /// Where the database is, if the file says so. It holds no password.
    pub fn database_url(&self) -> Option<&str> {
        self.file.database.url.as_deref()
    }

    /// Where another database is, by the name that the registry knows it by, if the file says so. It
    /// holds no password.
    pub fn other_database_url(&self, name: &str) -> Option<&str> {
        self.file.databases.get(name).map(|url| url.0.as_str())
    }

    /// Where the application logs in, which is what a probe attacks with. It holds no password.
    pub fn app_url(&self) -> Option<&str> {
        self.file.database.app_url.as_deref()
    }
}

impl std::str::FromStr for Config {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text, "tenant.toml")
    }
}
