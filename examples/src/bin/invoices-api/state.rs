//! What the service holds: pools, registry, keys, users.

use std::{collections::HashMap, convert::Infallible, fmt, str::FromStr, sync::Arc};

use tempfile::TempDir;
use tenant_core::{
    AuditLog, AuditRecord, CachedRegistry, JobKey, Per, Quota, QuotaFor, Quotas, Seal, SealKey,
    SqlRegistry, SqlSession, TableName, TenantId, TenantRegistry,
};
use tenant_examples::{chinook::Chinook, entity::TENANCY};
use tenant_seaorm::{AdminDb, PgSession, TenantDb};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{Result, diesel, invoices::Invoices, seaorm};

// Examples' secrets, each for one thing; yours come from your secret store (`openssl rand -hex 32`).
const SEAL: &str = "6b1d0c5f0d5e4f3c9a7e2b8d4c6f1a3e5d7b9c0e2f4a6b8d1c3e5f7a9b0d2c4e";
const RECEIPTS: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
const JOBS: &str = "2f4e6d8c0b1a39587766554433221100ffeeddccbbaa99887766554433221100";

/// Rows of invoices that a tenant may have: enough for the USA's 91.
pub(crate) const MAX_INVOICES: i64 = 93;
/// Exports in a month.
pub(crate) const MAX_EXPORTS: i64 = 2;

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
    pub(crate) shop: Chinook,
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
    pub(crate) async fn start(orm: Orm) -> Result<Self> {
        let key = SealKey::from_hex("k1", SEAL)?;
        let shop = Chinook::create_sealed(&key).await?;
        let users = users(&shop).await?;
        let seal = Seal::new(key);
        let invoices: Box<dyn Invoices> = match orm {
            Orm::SeaOrm => Box::new(seaorm::Shop::connect(&shop, seal.clone()).await?),
            Orm::Diesel => Box::new(diesel::Shop::connect(&shop, seal.clone()).await?),
        };
        let registry = PgSession::connect(shop.registry_url()).await?;
        let state = Self {
            invoices,
            registry: CachedRegistry::new(SqlRegistry::new(registry).key(TENANCY.key())),
            users,
            queue: TenantDb::builder(&TENANCY).seal(seal.clone()).connect(shop.login_url()).await?,
            job_key: JobKey::from_hex("j1", JOBS)?,
            enqueued: Notify::new(),
            exports: tempfile::tempdir()?,
            support: AdminDb::builder(&TENANCY).seal(seal).connect(shop.admin_url()).await?,
            receipts: SealKey::from_hex("r1", RECEIPTS)?,
            audit: PgSession::connect(shop.registry_url()).await?,
            shop,
        };
        let admin = state.admin().await?;
        let quotas = Quotas::new(&admin);
        let rows = Quota::rows(&TableName::new("invoice")?);
        quotas.set(&rows, &QuotaFor::Everybody, MAX_INVOICES, Per::Ever).await?;
        quotas.set(&exports(), &QuotaFor::Everybody, MAX_EXPORTS, Per::Month).await?;
        Ok(state)
    }

    /// A session with the admin's login. A service of yours keeps that where staff's tools run.
    pub(crate) async fn admin(&self) -> Result<PgSession> {
        Ok(PgSession::connect(self.shop.admin_url()).await?)
    }

    /// Hears of changed tenants, so that a suspended one is refused at once.
    pub(crate) async fn watch(&self) -> Result<JoinHandle<Infallible>> {
        let session = PgSession::connect(self.shop.registry_url()).await?;
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

pub(crate) fn exports() -> Quota {
    Quota::counter("exports")
}

/// Each of the shop's customers is a user, and a member of the own country's tenant.
async fn users(shop: &Chinook) -> Result<HashMap<String, User>> {
    let session = shop.database.session();
    let join =
        "INSERT INTO tenancy.members (tenant_id, user_id) SELECT tenant_id, email FROM customer";
    session.batch(join).await?;
    let sql = "SELECT email, last_name, tenant_id::text AS tenant FROM customer";
    let mut users = HashMap::new();
    for row in session.rows(sql, &[]).await? {
        let field = |name: &str| row.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        let tenant = TENANCY.key().parse(field("tenant"))?;
        let user = User { password: field("last_name").to_owned(), tenant };
        users.insert(field("email").to_owned(), user);
    }
    Ok(users)
}

/// What handlers take as their state.
pub(crate) type Shared = axum::extract::State<Arc<State>>;
