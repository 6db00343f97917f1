//! Which statement sets the tenant, where the layout leaves that open.

use tenant_core::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, TableName, Tenancy, TenantKey,
    TenantRecord, TenantScope, Verified,
};
use tenant_testkit::{Proxy, TestDatabase};

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("orders"), None)
}

async fn installed() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch("CREATE TABLE orders (id serial PRIMARY KEY)").await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    database
}

async fn scope() -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(7, "acme")]);
    let claim = TenantScope::claim(7, Principal::System("test".into()));
    claim.verify(&registry).await.unwrap()
}

/// Opens a transaction with each adapter, asks it for its tenant, and tells how they were opened.
async fn opened(database: &TestDatabase) -> Vec<String> {
    let login = format!("{}_login", database.name());
    let mut messages = Vec::new();
    let of = |proxy: &Proxy| {
        let opening = |message: &String| message.contains("SET LOCAL ROLE");
        proxy.messages().into_iter().rfind(opening).unwrap()
    };
    let scope = scope().await;

    let proxy = database.proxy().await.unwrap();
    let db = tenant_diesel::TenantDb::builder(&tenancy()).connect(proxy.url(&login)).await.unwrap();
    let tx = db.begin(&scope).await.unwrap();
    tx.commit().await.unwrap();
    messages.push(of(&proxy));

    let proxy = database.proxy().await.unwrap();
    let db = tenant_seaorm::TenantDb::builder(&tenancy()).connect(proxy.url(&login)).await.unwrap();
    let tx = db.begin(&scope).await.unwrap();
    tx.commit().await.unwrap();
    messages.push(of(&proxy));

    let proxy = database.proxy().await.unwrap();
    let url = proxy.url(&login);
    let blocking = tokio::task::spawn_blocking(move || {
        let db = tenant_diesel::blocking::TenantDb::builder(&tenancy()).connect(url).unwrap();
        db.begin(&scope).unwrap().commit().unwrap();
    });
    blocking.await.unwrap();
    messages.push(of(&proxy));
    messages
}

#[tokio::test]
async fn a_server_that_counts_settings_by_their_text_is_told_the_tenant_by_a_query() {
    let database = installed().await;
    let asked = "SELECT current_setting('server_version_num')::int >= 180000 AS newest, \
        current_setting('pg_stat_statements.track_utility', true) IS NOT NULL AS counts";
    let rows = database.session().rows(asked, &[]).await.unwrap();
    let (newest, counts) = (rows[0]["newest"] == true, rows[0]["counts"] == true);
    let is_set =
        |message: &String| message.contains(r#"SET LOCAL "app"."current_tenant_id" = '7'"#);
    let is_called =
        |message: &String| message.contains("set_config('app.current_tenant_id', '7', true)");
    if !counts {
        let messages = opened(&database).await;
        assert!(messages.iter().all(is_set), "{messages:?}");
        // What the module's own setting is where it has been loaded.
        let name = database.name();
        let loaded = format!("ALTER DATABASE {name} SET pg_stat_statements.track_utility = on");
        database.session().batch(&loaded).await.unwrap();
    }
    let messages = opened(&database).await;
    if newest {
        assert!(messages.iter().all(is_set), "{messages:?}");
    } else {
        assert!(messages.iter().all(is_called), "{messages:?}");
    }
}
