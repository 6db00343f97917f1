//! Two tenants with a row each, sealed or not, and an attacker in the first one's transaction.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, TransactionTrait};
use tenant_core::{
    Binding, Isolation, Layout, Principal, Seal, SealKey, SealKeys, SqlSession, StaticRegistry,
    TableName, Tenancy, TenantKey, TenantRecord, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;

pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .shared_table(TableName::new("plans"))
}

pub(crate) fn key(name: &str, byte: u8) -> SealKey {
    SealKey::new(name, vec![byte; 32]).unwrap()
}

pub(crate) fn seal() -> Seal {
    Seal::new(key("k1", 7))
}

/// Whether the database and its pools are sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wall {
    Sealed,
    /// Sealed, and the server keeps what was opened.
    Guarded,
    Unsealed,
}

/// Those that hold.
pub(crate) const SEALED: [Wall; 2] = [Wall::Sealed, Wall::Guarded];

impl Wall {
    pub(crate) fn layout(self, name: &str) -> Layout {
        let layout = Layout::new(name).unwrap();
        match self {
            Self::Sealed => layout.binding(Binding::Sealed),
            Self::Guarded => layout.binding(Binding::Guarded),
            Self::Unsealed => layout,
        }
    }

    /// Whether this is what somebody hears who has named another tenant. Where the server keeps what
    /// was opened, what was named instead is not looked at: the other's rows are not seen.
    pub(crate) fn holds(self, error: &str) -> bool {
        error.contains("not sealed") || self == Self::Guarded && error.contains("assertion failed")
    }
}

pub(crate) struct Shop {
    pub(crate) database: TestDatabase,
    pub(crate) wall: Wall,
}

/// The two adapters' ways in, with one connection each, so that what an attack leaves on it meets
/// the next transaction.
pub(crate) struct Pools {
    diesel: tenant_diesel::TenantDb,
    seaorm: tenant_seaorm::TenantDb,
}

pub(crate) const ADAPTERS: [&str; 2] = ["diesel", "seaorm"];

impl Shop {
    pub(crate) async fn open(wall: Wall) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let tables =
            "CREATE TABLE plans (id int); CREATE TABLE orders (id serial PRIMARY KEY, v int);
             CREATE FUNCTION public.theirs(t text) RETURNS int LANGUAGE plpgsql AS $$
             BEGIN PERFORM set_config('app.current_tenant_id', t, true);
             RETURN (SELECT count(*) FROM orders); END $$";
        database.session().batch(tables).await.unwrap();
        let layout = wall.layout(database.name());
        database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
        let rows = "INSERT INTO orders (tenant_id, v) VALUES (1, 10), (2, 20), (2, 21)";
        database.session().batch(rows).await.unwrap();
        if wall != Wall::Unsealed {
            SealKeys::new(database.session()).add(&key("k1", 7)).await.unwrap();
        }
        Self { database, wall }
    }

    pub(crate) fn url(&self) -> String {
        self.database.url(&format!("{}_login", self.database.name()))
    }

    pub(crate) async fn pools(&self) -> Pools {
        self.pools_with(seal()).await
    }

    pub(crate) async fn pools_with(&self, seal: Seal) -> Pools {
        self.pools_at(self.url(), seal).await
    }

    pub(crate) async fn pools_at(&self, url: String, seal: Seal) -> Pools {
        self.open_pools(url, (self.wall != Wall::Unsealed).then_some(seal)).await
    }

    /// Twins have a wall missing, which a pool would not open for; `startup` has its own tests.
    async fn open_pools(&self, url: String, seal: Option<Seal>) -> Pools {
        let reason = "twins have a wall missing";
        let layout = Layout::new(self.database.name()).unwrap();
        let mut diesel = tenant_diesel::TenantDb::builder(&tenancy())
            .layout(layout.clone())
            .without_startup_check_unchecked(reason)
            .max_connections(1);
        let mut seaorm = tenant_seaorm::TenantDb::builder(&tenancy())
            .layout(layout)
            .without_startup_check_unchecked(reason)
            .max_connections(1)
            .pooler(tenant_core::Pooler::Transaction);
        if let Some(seal) = seal {
            diesel = diesel.seal(seal.clone());
            seaorm = seaorm.seal(seal);
        }
        Pools {
            diesel: diesel.connect(url.clone()).await.unwrap(),
            seaorm: seaorm.connect(url).await.unwrap(),
        }
    }

    /// Pools that seal, whatever the database asks for.
    pub(crate) async fn sealing(&self) -> Pools {
        self.open_pools(self.url(), Some(seal())).await
    }

    /// One value as the superuser sees it.
    pub(crate) async fn ask(&self, sql: &str) -> String {
        let rows = self.database.session().rows(sql, &[]).await.unwrap();
        let value = rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap().1;
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

impl Pools {
    pub(crate) fn diesel(&self) -> &tenant_diesel::TenantDb {
        &self.diesel
    }

    pub(crate) fn seaorm(&self) -> &tenant_seaorm::TenantDb {
        &self.seaorm
    }

    /// A transaction of this tenant that has just begun.
    pub(crate) async fn hold(&self, tenant: i64) -> tenant_diesel::TenantTransaction {
        self.diesel.begin(&scope(tenant).await).await.unwrap()
    }

    /// A transaction of this tenant that will begin with its first statement.
    pub(crate) async fn hold_unbegun(&self, tenant: i64) -> tenant_diesel::TenantTransaction {
        self.diesel.begin_deferred(&scope(tenant).await).await.unwrap()
    }

    /// A transaction of this tenant, in which a nested one has just been committed.
    pub(crate) async fn hold_after_nested(&self, tenant: i64) -> tenant_seaorm::TenantTransaction {
        let tx = self.seaorm.begin(&scope(tenant).await).await.unwrap();
        let nested = tx.begin().await.unwrap();
        nested.commit().await.unwrap();
        tx
    }
}

pub(crate) async fn scope(id: i64) -> TenantScope<Verified> {
    scope_of(id, "alice").await
}

/// Of this user, or of nobody.
pub(crate) async fn scope_of(id: i64, user: &str) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(id, "x")]).member(id, user);
    let principal = match user {
        "" => Principal::Token,
        user => Principal::User(user.into()),
    };
    TenantScope::claim(id, principal).verify(&registry).await.unwrap()
}

/// Whether SQL run in a new transaction of this tenant, one batch after the other as an attacker
/// would stack them, comes through.
pub(crate) async fn runs(
    pools: &Pools,
    adapter: &str,
    tenant: i64,
    batches: &[&str],
) -> Result<(), String> {
    let scope = scope(tenant).await;
    if adapter == "diesel" {
        let mut tx = pools.diesel.begin(&scope).await.map_err(|e| e.to_string())?;
        for sql in batches {
            let mut raw = tx.raw_unchecked("the test's attack");
            raw.batch_execute(sql).await.map_err(|e| e.to_string())?;
        }
    } else {
        let tx = pools.seaorm.begin(&scope).await.map_err(|e| e.to_string())?;
        for sql in batches {
            let raw = tx.raw_unchecked("the test's attack");
            raw.execute_unprepared(sql).await.map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// Fails unless rows of tenant 2 are seen.
pub(crate) const SEES_THE_OTHER: &str =
    "DO $$ BEGIN ASSERT (SELECT count(*) FROM orders WHERE tenant_id = 2) > 0; END $$";

/// Fails unless tenant 1's row, and nothing else, is seen.
pub(crate) const SEES_ITS_OWN: &str =
    "DO $$ BEGIN ASSERT (SELECT array_agg(v) FROM orders) = ARRAY[10]; END $$";

/// A plain connection with the application's login.
pub(crate) async fn plain(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.unwrap()
}
