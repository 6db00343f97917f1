//! Wall 5 at the start: a pool does not open on a database that would not keep tenants apart.

use tenant_core::{
    Binding, Isolation, Layout, Pooler, Seal, SealKey, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::{Proxy, TestDatabase};

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .shared_table(TableName::new("plans"))
}

fn seal() -> Seal {
    Seal::new(SealKey::new("k1", vec![7; 32]).unwrap())
}

async fn installed(layout: impl Fn(&str) -> Layout) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let create = "CREATE TABLE plans (id int); CREATE TABLE orders (id serial PRIMARY KEY, v int)";
    database.session().batch(create).await.unwrap();
    let layout = layout(database.name());
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    database
}

fn plain(name: &str) -> Layout {
    Layout::new(name).unwrap()
}

fn sealed(name: &str) -> Layout {
    plain(name).binding(Binding::Sealed)
}

fn login(database: &TestDatabase) -> String {
    database.url(&format!("{}_login", database.name()))
}

/// What each adapter says when it opens a pool there: nothing, or why not.
async fn open(url: &str, seal: Option<Seal>) -> [Result<(), String>; 3] {
    let mut diesel = tenant_diesel::TenantDb::builder(&tenancy());
    let mut seaorm = tenant_seaorm::TenantDb::builder(&tenancy());
    let mut blocking = tenant_diesel::blocking::TenantDb::builder(&tenancy());
    if let Some(seal) = seal {
        diesel = diesel.seal(seal.clone());
        seaorm = seaorm.seal(seal.clone());
        blocking = blocking.seal(seal);
    }
    let diesel = diesel.connect(url).await.map(drop);
    let seaorm = seaorm.connect(url).await.map(drop);
    let url = url.to_owned();
    let blocking = tokio::task::spawn_blocking(move || blocking.connect(url).map(drop));
    let blocking = blocking.await.unwrap();
    for refused in [&diesel, &blocking] {
        let expected = |e| matches!(e, &tenant_diesel::Error::NotIsolated { .. });
        assert!(refused.as_ref().err().is_none_or(expected), "{refused:?}");
    }
    let expected = |e| matches!(e, &tenant_seaorm::Error::NotIsolated { .. });
    assert!(seaorm.as_ref().err().is_none_or(expected), "{seaorm:?}");
    [
        diesel.map_err(|e| e.to_string()),
        seaorm.map_err(|e| e.to_string()),
        blocking.map_err(|e| e.to_string()),
    ]
}

#[tokio::test]
async fn a_pool_opens_where_tenants_are_kept_apart() {
    let database = installed(plain).await;
    for opened in open(&login(&database), None).await {
        opened.unwrap();
    }
    let database = installed(sealed).await;
    for opened in open(&login(&database), Some(seal())).await {
        opened.unwrap();
    }
}

/// Attack (watch): a wall that somebody took away: row security, FORCE, BYPASSRLS, SUPERUSER, a
/// membership.
#[tokio::test]
async fn a_pool_does_not_open_where_one_wall_is_gone_and_says_which() {
    let broken = [
        ("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", "TEN002"),
        ("ALTER TABLE orders DISABLE ROW LEVEL SECURITY", "TEN004"),
        ("ALTER ROLE {name}_login BYPASSRLS", "TEN103"),
        ("ALTER ROLE {name}_tenant BYPASSRLS", "TEN103"),
        ("ALTER ROLE {name}_login SUPERUSER", "TEN102"),
        ("GRANT {name}_owner TO {name}_login", "TEN105"),
        // Row security and the restrictive policy hold these; the lint tells of them.
        ("GRANT SELECT ON orders TO {name}_shared", ""),
        ("CREATE POLICY everybody ON orders USING (true)", ""),
    ];
    for (sql, code) in broken {
        let database = installed(plain).await;
        let sql = sql.replace("{name}", database.name());
        database.session().batch(&sql).await.unwrap();
        for opened in open(&login(&database), None).await {
            if code.is_empty() {
                opened.unwrap();
            } else {
                let error = opened.expect_err(&sql);
                assert!(error.contains(code), "{sql}: {error}");
                assert!(error.contains("without_startup_check_unchecked"), "{error}");
            }
        }
    }
}

/// Attack (watch): a pool with a superuser's login, or on a database without isolation.
#[tokio::test]
async fn a_pool_does_not_open_for_a_superuser_or_where_nothing_was_installed() {
    let database = installed(plain).await;
    for opened in open(&database.superuser_url(), None).await {
        let error = opened.unwrap_err();
        assert!(error.contains("superuser"), "{error}");
    }
    let database = TestDatabase::create().await.unwrap();
    for opened in open(&database.superuser_url(), None).await {
        let error = opened.unwrap_err();
        assert!(error.contains("TEN101"), "{error}");
    }
}

/// Attack (watch): a database whose seal was taken off.
#[tokio::test]
async fn a_sealed_pool_does_not_open_where_the_database_asks_for_no_seal() {
    let database = installed(plain).await;
    for opened in open(&login(&database), Some(seal())).await {
        let error = opened.unwrap_err();
        assert!(error.contains("Binding::Sealed"), "{error}");
    }
}

/// Attack (watch): a server that shows more of each message than the padding hides.
#[tokio::test]
async fn a_sealed_pool_does_not_open_where_its_tokens_can_be_read() {
    let database = installed(sealed).await;
    for opened in open(&login(&database), Some(seal().padding(1000))).await {
        let error = opened.unwrap_err();
        assert!(error.contains("Seal::padding(1024)"), "{error}");
    }
}

#[tokio::test]
async fn whoever_must_can_open_it_all_the_same() {
    let database = installed(plain).await;
    let broken = "ALTER TABLE orders DISABLE ROW LEVEL SECURITY";
    database.session().batch(broken).await.unwrap();
    let url = login(&database);
    let reason = "the test says so";
    let diesel = tenant_diesel::TenantDb::builder(&tenancy());
    diesel.without_startup_check_unchecked(reason).connect(url.as_str()).await.unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&tenancy());
    seaorm.without_startup_check_unchecked(reason).connect(url.as_str()).await.unwrap();
    let blocking = tenant_diesel::blocking::TenantDb::builder(&tenancy());
    let blocking = blocking.without_startup_check_unchecked(reason);
    tokio::task::spawn_blocking(move || blocking.connect(url).map(drop)).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_check_costs_four_round_trips_at_the_start_and_none_later() {
    let database = installed(plain).await;
    let login = format!("{}_login", database.name());
    let mut counts = Vec::new();
    for checked in [true, false] {
        let reason = "counting";
        // Where a pooler was declared none is looked for, on a second connection.
        let pooler = Pooler::Transaction;
        let mut diesel = tenant_diesel::TenantDb::builder(&tenancy()).pooler(pooler);
        let mut seaorm = tenant_seaorm::TenantDb::builder(&tenancy()).pooler(pooler);
        let mut blocking = tenant_diesel::blocking::TenantDb::builder(&tenancy()).pooler(pooler);
        if !checked {
            diesel = diesel.without_startup_check_unchecked(reason);
            seaorm = seaorm.without_startup_check_unchecked(reason);
            blocking = blocking.without_startup_check_unchecked(reason);
        }
        // A proxy for each, since a pool that goes says goodbye, which counts.
        let proxies = [
            database.proxy().await.unwrap(),
            database.proxy().await.unwrap(),
            database.proxy().await.unwrap(),
        ];
        let [url, for_seaorm, for_blocking] = proxies.each_ref().map(|proxy| proxy.url(&login));
        let diesel = diesel.connect(url).await.unwrap();
        let seaorm = seaorm.connect(for_seaorm).await.unwrap();
        let connect = tokio::task::spawn_blocking(move || blocking.connect(for_blocking));
        let blocking = connect.await.unwrap().unwrap();
        counts.push(proxies.each_ref().map(bursts));
        drop((diesel, seaorm, blocking));
    }
    let [with, without] = [counts[0], counts[1]];
    assert_eq!(with.map(|(_, checks)| checks), [1; 3], "{counts:?}");
    assert_eq!(without.map(|(_, checks)| checks), [0; 3], "{counts:?}");
    let more = [0, 1, 2].map(|at| with[at].0 - without[at].0);
    // One of them asks how the tenant is set; diesel-async prepares that, in a transaction.
    assert_eq!(more, [7, 4, 4], "{counts:?}");
}

/// How often the client sent something and heard of it, and how many of these were the check. That
/// diesel-async closes a statement, sooner or later, does not count: nobody waits for it.
fn bursts(proxy: &Proxy) -> (usize, usize) {
    let messages = proxy.messages();
    let said = |message: &&String| {
        message.split(" | ").any(|part| !part.starts_with("Close") && part != "Sync")
    };
    let checks = messages.iter().filter(|message| message.contains("BEGIN READ ONLY;")).count();
    (messages.iter().filter(said).count(), checks)
}
