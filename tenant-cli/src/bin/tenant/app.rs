//! What every command needs, made when it is asked for.

mod places;

use std::collections::{BTreeMap, BTreeSet};

use tenant_cli::Config;
use tenant_core::{JsonRow, Layout, Placement, SealKey, SqlSession, TenantId};
use tokio::sync::OnceCell;

use crate::{
    actor,
    args::{Format, Global},
    exit::Failure,
    interrupt::Interrupt,
    screen::Screen,
    session::PgSession,
    steps::Steps,
    url::Place,
};

/// The secret of a sealing key, in hexadecimal digits.
pub(crate) const SEAL_KEY: &str = "TENANT_SEAL_KEY";

pub(crate) struct App {
    global: Global,
    pub(crate) screen: Screen,
    pub(crate) interrupt: Interrupt,
    pub(crate) steps: Steps,
    session: OnceCell<PgSession>,
    database: OnceCell<String>,
}

impl App {
    pub(crate) fn new(global: Global, screen: Screen, interrupt: Interrupt) -> Self {
        let steps = Steps::listen(screen.clone());
        let (session, database) = (OnceCell::new(), OnceCell::new());
        Self { global, screen, interrupt, steps, session, database }
    }

    pub(crate) fn format(&self) -> Format {
        self.global.format
    }

    /// Where the file is that `config` reads.
    pub(crate) fn config_path(&self) -> &std::path::Path {
        &self.global.config
    }

    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::read(&self.global.config).map_err(|e| Failure::usage(e.to_string()))
    }

    pub(crate) fn actor(&self) -> Result<String, Failure> {
        actor::actor(self.global.actor.as_deref())
    }

    /// The session of `--database-url`, `DATABASE_URL` or the file.
    pub(crate) async fn session(&self, config: &Config) -> Result<&PgSession, Failure> {
        self.session.get_or_try_init(|| async { self.connect(self.place(config)?).await }).await
    }

    /// One more to the same database.
    pub(crate) async fn another_session(&self, config: &Config) -> Result<PgSession, Failure> {
        self.connect(self.place(config)?).await
    }

    /// The session of the application's own login.
    pub(crate) async fn app_session(&self, config: &Config) -> Result<PgSession, Failure> {
        let place = self.app_place(config)?.ok_or_else(|| {
            Failure::usage(
                "the probe attacks with the application's own login: say where that logs in, with \
                 TENANT_APP_URL, `--app-url`, or `app_url` below `[database]` in tenant.toml",
            )
        })?;
        self.connect(place).await
    }

    /// A session of the database that the registry knows by this name; `None` for its own.
    pub(crate) async fn other_session(
        &self,
        config: &Config,
        name: &str,
    ) -> Result<Option<PgSession>, Failure> {
        if name == Placement::MAIN {
            return Ok(None);
        }
        self.connect(self.other_place(config, name).await?).await.map(Some)
    }

    /// Sessions of all these databases, of which none is made before it is needed.
    pub(crate) async fn sessions(
        &self,
        config: &Config,
        names: BTreeSet<String>,
    ) -> Result<BTreeMap<String, PgSession>, Failure> {
        let mut sessions = BTreeMap::new();
        for name in names {
            let place = match &*name {
                Placement::MAIN => self.place(config)?,
                other => self.other_place(config, other).await?,
            };
            sessions.insert(name, PgSession::later(place, self.interrupt.clone()));
        }
        Ok(sessions)
    }

    /// A session of this database of the same server, by PostgreSQL's own name of it.
    pub(crate) async fn session_beside(
        &self,
        config: &Config,
        database: &str,
    ) -> Result<PgSession, Failure> {
        let mut place = self.place(config)?;
        place.config.dbname(database);
        self.connect(place).await
    }

    async fn connect(&self, place: Place) -> Result<PgSession, Failure> {
        PgSession::connect(place, self.interrupt.clone()).await
    }

    /// The database's name, after which roles are named where the file names none.
    pub(crate) async fn database(&self, config: &Config) -> Result<&str, Failure> {
        let session = self.session(config).await?;
        self.database.get_or_try_init(|| database(session)).await.map(String::as_str)
    }

    pub(crate) async fn layout(&self, config: &Config) -> Result<Layout, Failure> {
        Ok(config.layout(self.database(config).await?)?)
    }

    /// The layout of this tenant's own tables, which may be in a schema of its own.
    pub(crate) async fn layout_of(
        &self,
        config: &Config,
        id: &TenantId,
    ) -> Result<Layout, Failure> {
        let layout = self.layout(config).await?;
        let sql =
            "SELECT t.schema FROM tenancy.tenants AS t WHERE t.id::text = $1 AND t.schema <> ''";
        let rows = self.session(config).await?.rows(sql, &[&id.to_string()]).await?;
        match rows.first() {
            Some(row) => Ok(layout.tenant_schema(&text(row, "schema"))?),
            None => Ok(layout),
        }
    }

    /// The tenant that has this slug or this id.
    pub(crate) async fn tenant(
        &self,
        config: &Config,
        said: &str,
    ) -> Result<(TenantId, String), Failure> {
        let (column, value) = match said.split_once('=') {
            Some(("slug", slug)) => ("t.slug = $1", slug),
            Some(("id", id)) => ("t.id::text = $1", id),
            _ => ("t.slug = $1 OR t.id::text = $1", said),
        };
        let sql =
            format!("SELECT t.id::text AS id, t.slug FROM tenancy.tenants AS t WHERE {column}");
        let rows = self.session(config).await?.rows(&sql, &[value]).await?;
        match &rows[..] {
            [row] => Ok((config.tenancy().key().parse(&text(row, "id"))?, text(row, "slug"))),
            [] => Err(Failure::refused(format!(
                "no tenant has the slug or the id `{value}`; `tenant tenants list` shows them all"
            ))),
            _ => Err(Failure::usage(format!(
                "`{value}` is one tenant's slug and another's id: say `slug={value}` or `id={value}`"
            ))),
        }
    }

    /// The key of this name, whose secret is in the environment.
    pub(crate) fn seal_key(name: &str) -> Result<SealKey, Failure> {
        let secret = std::env::var(SEAL_KEY).map_err(|_| {
            Failure::usage(format!(
                "the key's secret belongs into {SEAL_KEY}, in hexadecimal digits: `openssl rand -hex 32` makes one"
            ))
        })?;
        SealKey::from_hex(name, &secret).map_err(|e| Failure::usage(e.to_string()))
    }

    /// What is to be said if it is interrupted from now on.
    pub(crate) fn if_interrupted(&self, note: &str) {
        self.steps.note(note);
    }

    /// What was done when it was interrupted, and how it goes on.
    pub(crate) fn say_steps(&self) {
        if let Some(said) = self.steps.said() {
            self.screen.remark(&said);
        }
    }

    /// Refuses a format that the answer does not have.
    pub(crate) fn only(&self, formats: &[Format]) -> Result<(), Failure> {
        if formats.contains(&self.format()) {
            return Ok(());
        }
        let name = |format: &Format| format!("{format:?}").to_lowercase();
        let there: Vec<String> = formats.iter().map(name).collect();
        Err(Failure::usage(format!(
            "this command's answer cannot be written as {}; `--format` may be {}",
            name(&self.format()),
            there.join(", ")
        )))
    }
}

/// A column of a row as text; nothing where it is NULL.
pub(crate) fn text(row: &JsonRow, column: &str) -> String {
    match row.get(column) {
        Some(serde_json::Value::String(text)) => text.clone(),
        None | Some(serde_json::Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The name of a session's database.
pub(crate) async fn database(session: &PgSession) -> Result<String, Failure> {
    let rows = session.rows("SELECT current_database()::text AS name", &[]).await?;
    Ok(rows.first().map(|row| text(row, "name")).unwrap_or_default())
}
