//! What the service holds: pools, registry, keys, users.

use std::{collections::HashMap, convert::Infallible, fmt, str::FromStr, sync::Arc};

use tempfile::TempDir;
use tenant_core::{
    AuditLog, AuditRecord, CachedRegistry, JobKey, SealKey, SqlRegistry, SqlSession, TenantId,
    TenantRegistry,
};
use tenant_examples::entity::TENANCY;
use tenant_seaorm::{AdminDb, PgSession, TenantDb};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{Result, database::Database, diesel, invoices::Invoices, seaorm};

// Examples' secrets, each for one thing; yours come from your secret store (`openssl rand -hex 32`).
const RECEIPTS: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
const JOBS: &str = "2f4e6d8c0b1a39587766554433221100ffeeddccbbaa99887766554433221100";

/// Which ORM the requests go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orm {
    SeaOrm,
    Diesel,
}

impl FromStr for Orm {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "seaorm" => Ok(Self::SeaOrm),
            "diesel" => Ok(Self::Diesel),
            other => Err(format!("`{other}` is no ORM of this service; take seaorm or diesel")),
        }
    }
}

impl fmt::Display for Orm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeaOrm => "SeaORM",
            Self::Diesel => "Diesel",
        })
    }
}

/// Who may sign in. A demo: yours are an identity provider's, or hashed.
pub(crate) struct User {
    pub(crate) password: String,
    pub(crate) tenant: TenantId,
}

pub(crate) struct State {
    database: Database,
    pub(crate) invoices: Box<dyn Invoices>,
    pub(crate) registry: CachedRegistry,
    pub(crate) users: HashMap<String, User>,
    /// The queue goes through SeaORM, whichever ORM the requests go through.
    pub(crate) queue: TenantDb,
    pub(crate) job_key: JobKey,
    pub(crate) enqueued: Notify,
    pub(crate) exports: TempDir,
    pub(crate) support: AdminDb,
    pub(crate) receipts: SealKey,
    audit: PgSession,
}

impl State {
    pub(crate) async fn start(orm: Orm, database: Database) -> Result<Self> {
        let admin = PgSession::connect(&database.admin).await?;
        let users = users(&admin).await?;
        let invoices: Box<dyn Invoices> = match orm {
            Orm::SeaOrm => Box::new(seaorm::Shop::connect(&database).await?),
            Orm::Diesel => Box::new(diesel::Shop::connect(&database).await?),
        };
        let registry = PgSession::connect(&database.registry).await?;
        let (queue, support) = (TenantDb::builder(&TENANCY), AdminDb::builder(&TENANCY));
        Ok(Self {
            invoices,
            registry: CachedRegistry::new(SqlRegistry::new(registry).key(TENANCY.key())),
            users,
            queue: queue.seal(database.seal()).connect(&database.login).await?,
            job_key: JobKey::from_hex("j1", JOBS)?,
            enqueued: Notify::new(),
            exports: tempfile::tempdir()?,
            support: support.seal(database.seal()).connect(&database.admin).await?,
            receipts: SealKey::from_hex("r1", RECEIPTS)?,
            audit: PgSession::connect(&database.registry).await?,
            database,
        })
    }

    /// A session with the admin's login. A service of yours keeps that where staff's tools run.
    pub(crate) async fn admin(&self) -> Result<PgSession> {
        Ok(PgSession::connect(&self.database.admin).await?)
    }

    /// Hears of changed tenants, so that a suspended one is refused at once.
    pub(crate) async fn watch(&self) -> Result<JoinHandle<Infallible>> {
        let session = PgSession::connect(&self.database.registry).await?;
        Ok(tokio::spawn(self.registry.watch(session)))
    }

    /// Writes down what was refused: on another session, since the refused transaction is gone.
    pub(crate) async fn record(&self, record: &AuditRecord) {
        if let Err(error) = AuditLog::new(&self.audit).record(record).await {
            eprintln!("a refusal could not be recorded: {error}");
        }
    }

    pub(crate) async fn by_slug(&self, slug: &str) -> Result<Option<TenantId>> {
        Ok(self.registry.find_by_slug(slug).await?.map(|record| record.id))
    }
}

/// Each of the shop's customers is a user.
async fn users(admin: &PgSession) -> Result<HashMap<String, User>> {
    let sql = "SELECT email, last_name, tenant_id::text AS tenant FROM customer";
    let mut users = HashMap::new();
    for row in admin.rows(sql, &[]).await? {
        let field = |name: &str| row.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        let tenant = TENANCY.key().parse(field("tenant"))?;
        let user = User { password: field("last_name").to_owned(), tenant };
        users.insert(field("email").to_owned(), user);
    }
    Ok(users)
}

/// What handlers take as their state.
pub(crate) type Shared = axum::extract::State<Arc<State>>;
