//! Where databases are: by an option, a variable or the file.

use tenant_cli::Config;
use tenant_core::SqlSession as _;

use super::{App, text};
use crate::{
    exit::{Exit, Failure},
    url::{Place, has_password},
};

impl App {
    pub(crate) fn app_place(&self, config: &Config) -> Result<Option<Place>, Failure> {
        find(self.global.app_url.as_deref(), "--app-url", "TENANT_APP_URL", config.app_url())
    }

    /// The registry's own.
    pub(super) fn place(&self, config: &Config) -> Result<Place, Failure> {
        let said = self.global.database_url.as_deref();
        find(said, "--database-url", "DATABASE_URL", config.database_url())?.ok_or_else(|| {
            Failure::usage(
                "which database? Set DATABASE_URL, such as postgres://shop_admin@localhost:5432/shop, \
                 or write `url` below `[database]` in tenant.toml",
            )
        })
    }

    /// The one that the registry knows by this name.
    pub(super) async fn other_place(&self, config: &Config, name: &str) -> Result<Place, Failure> {
        let variable = variable(name);
        if std::env::var(&variable).is_ok_and(|url| !url.is_empty()) {
            self.check_alone(config, name, &variable).await?;
        }
        let url = config.other_database_url(name);
        find(None, "", &variable, url)?.ok_or_else(|| {
            Failure::usage(format!(
                "where is the database `{name}`? Set {variable}, or write `{name}` below `[databases]` \
                 in tenant.toml"
            ))
        })
    }

    /// Whether the database that the registry knows by this name is the one that the registry's own
    /// server calls so.
    pub(crate) async fn is_beside(&self, config: &Config, name: &str) -> Result<bool, Failure> {
        let (own, other) =
            (self.place(config)?.config, self.other_place(config, name).await?.config);
        Ok(own.get_hosts() == other.get_hosts()
            && own.get_hostaddrs() == other.get_hostaddrs()
            && own.get_ports() == other.get_ports()
            && other.get_dbname() == Some(name))
    }

    /// Refuses a variable that is two databases': one's tenants would be looked for in the other.
    async fn check_alone(
        &self,
        config: &Config,
        name: &str,
        variable: &str,
    ) -> Result<(), Failure> {
        let sql = "SELECT d.name FROM tenancy.databases AS d ORDER BY d.name";
        let known = self.session(config).await?.rows(sql, &[]).await?;
        let mut names = known.iter().map(|row| text(row, "name"));
        match names.find(|other| other != name && self::variable(other) == variable) {
            Some(other) => Err(Failure::usage(format!(
                "{variable} would be both `{name}` and `{other}`: unset it, and write where each of them is below \
                 `[databases]` in tenant.toml"
            ))),
            None => Ok(()),
        }
    }
}

/// Where a database of this name is looked for: names of variables have neither small letters nor signs.
fn variable(database: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("DATABASE_URL_{}", database.chars().map(word).collect::<String>())
}

/// The first place that is said: by the option, the variable or the file.
fn find(
    option: Option<&str>,
    name: &str,
    variable: &str,
    file: Option<&str>,
) -> Result<Option<Place>, Failure> {
    if option.is_some_and(has_password) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "others can read a command line, and so the password in `{name}`: put the URL into \
                 {variable}, or its password into PGPASSWORD"
            ),
        ));
    }
    let said = std::env::var(variable).ok().filter(|url| !url.is_empty());
    let password = std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty());
    let (url, from) = match (option, &said, file) {
        (Some(url), ..) => (url, name),
        (_, Some(url), _) => (url.as_str(), variable),
        (.., Some(url)) => (url, "tenant.toml's url"),
        _ => return Ok(None),
    };
    Place::read(url, from, password).map(Some)
}
