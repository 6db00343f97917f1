//! A server that somebody else runs, named by `TENANT_TEST_DATABASE_URL`.

use std::env;

use tenant_core::{SqlSession, quote_ident, quote_literal};
use tokio_postgres::{Config, config::Host};
use uuid::Uuid;

use crate::{Error, TestSession, server::Upstream};

const VARIABLE: &str = "TENANT_TEST_DATABASE_URL";
/// What the comment of a database of ours says. Only such a one is ever swept.
pub(crate) const MARK: &str = "made by tenant-testkit for one test; may be dropped";
/// The advisory lock on the maintenance database: any number that nobody else takes.
const LOCK: i64 = 0x7465_6e61_6e74;

/// Roles of databases that are gone.
const ORPHANS: &str = "SELECT rolname AS name FROM pg_roles \
    WHERE substring(rolname from '^t_([0-9a-f]{12})_[0-9]+_') <> ALL (string_to_array($1, ','))";
/// Databases of runs whose process is gone.
const LEFTOVERS: &str = "SELECT datname AS name FROM pg_database \
    WHERE substring(datname from '^t_([0-9a-f]{12})_[0-9]+$') <> ALL (string_to_array($1, ',')) \
    AND shobj_description(oid, 'pg_database') = $2";
/// Runs whose process is alive: each holds a connection that says so.
const ALIVE: &str = "SELECT coalesce(string_agg(substring(application_name from 16), ','), '') \
    AS runs FROM pg_stat_activity WHERE application_name LIKE 'tenant-testkit %'";

#[derive(Debug, Clone)]
pub(crate) struct ExternalServer {
    config: Config,
    host: String,
    port: u16,
    user: String,
    password: Option<String>,
    run: String,
    /// Its connection says that this process is alive.
    alive: TestSession,
}

pub(crate) fn from_env() -> Result<Option<ExternalServer>, Error> {
    let Some(url) = env::var_os(VARIABLE).filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    let url = url.to_str().ok_or_else(|| unusable("it is not UTF-8"))?;
    ExternalServer::parse(url).map(Some)
}

fn unusable(why: impl Into<String>) -> Error {
    Error::ExternalServer { why: why.into() }
}

impl ExternalServer {
    fn parse(url: &str) -> Result<Self, Error> {
        let mut config: Config = url
            .parse()
            // Not what the URL is: it may hold a password.
            .map_err(|why: tokio_postgres::Error| unusable(format!("it is no URL: {why}")))?;
        let user = config
            .get_user()
            .ok_or_else(|| unusable("it names no user; a superuser is wanted"))?
            .to_owned();
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => host.clone(),
            [Host::Unix(directory)] => directory.display().to_string(),
            _ => return Err(unusable("it must name one host")),
        };
        let password =
            config.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let run = Uuid::new_v4().simple().to_string()[..12].to_owned();
        let alive = {
            let mut config = config.clone();
            config.application_name(format!("tenant-testkit {run}"));
            maintenance(&mut config);
            TestSession::new(config)
        };
        config.application_name("tenant-testkit");
        Ok(Self { config, host, port, user, password, run, alive })
    }

    /// Announces this process, and takes away what dead ones left.
    pub(crate) async fn enter(&self, admin: &TestSession) -> Result<(), Error> {
        let superuser = "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper";
        if self.alive.rows(superuser, &[]).await?.is_empty() {
            return Err(unusable(format!("its user {} is no superuser", self.user)));
        }
        let _lock = self.lock().await?;
        let alive = names(admin, ALIVE, &[], "runs").await?.concat();
        for database in names(admin, LEFTOVERS, &[&alive, MARK], "name").await? {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(&database)?);
            if let Err(why) = admin.batch(&sql).await {
                tracing::warn!(%database, %why, "a dead test's database could not be dropped");
            }
        }
        for role in names(admin, ORPHANS, &[&alive], "name").await? {
            // One that owns something elsewhere is not ours to take away.
            // What it may do with what is the whole server's goes with it, or stays with it.
            let sql = format!("DROP OWNED BY {0}; DROP ROLE {0}", ident(&role)?);
            if let Err(why) = admin.batch(&sql).await {
                tracing::warn!(%role, %why, "a dead test's role could not be dropped");
            }
        }
        Ok(())
    }

    /// Held by its connection: other processes that change roles wait until it is dropped.
    pub(crate) async fn lock(&self) -> Result<TestSession, Error> {
        let session = TestSession::new(self.config("postgres"));
        let lock = format!("SELECT pg_advisory_lock({LOCK})");
        session.batch(&lock).await?;
        Ok(session)
    }

    /// A way into a database; `postgres` stands for the one where maintenance is done.
    pub(crate) fn config(&self, database: &str) -> Config {
        let mut config = self.config.clone();
        if database == "postgres" {
            maintenance(&mut config);
        } else {
            config.dbname(database);
        }
        config
    }

    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn upstream(&self) -> Upstream {
        if self.host.starts_with('/') {
            Upstream::Socket(format!("{}/.s.PGSQL.{}", self.host, self.port).into())
        } else {
            Upstream::Tcp(self.host.clone(), self.port)
        }
    }
}

/// The database that the URL names, else `postgres`.
fn maintenance(config: &mut Config) {
    if config.get_dbname().is_none() {
        config.dbname("postgres");
    }
}

async fn names(
    admin: &TestSession,
    sql: &str,
    params: &[&str],
    column: &str,
) -> Result<Vec<String>, Error> {
    let rows = admin.rows(sql, params).await?;
    Ok(rows.into_iter().filter_map(|row| row.get(column)?.as_str().map(str::to_owned)).collect())
}

fn ident(name: &str) -> Result<String, Error> {
    Ok(quote_ident(name)?)
}

/// Marks a database as ours.
pub(crate) fn mark(database: &str) -> Result<String, Error> {
    Ok(format!("COMMENT ON DATABASE {} IS {}", ident(database)?, quote_literal(MARK)))
}
