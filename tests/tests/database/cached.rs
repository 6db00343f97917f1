//! The cached registry over a real database, through a session of either adapter.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tenant_core::{
    CachedRegistry, Isolation, Layout, Principal, SqlRegistry, SqlSession, Tenancy, TenantKey,
    TenantScope, VerifyError,
};
use tenant_testkit::TestDatabase;
use tokio::task::{JoinHandle, yield_now};

use crate::notifications::kill_listeners;

const SOON: Duration = Duration::from_secs(20);

async fn database() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    let isolation = Isolation::new(&Tenancy::new(TenantKey::Bigint), &layout).unwrap();
    database.install(&isolation).await.unwrap();
    let tenants = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (1, 'acme', 'Acme');
                   INSERT INTO tenancy.members VALUES (1, 'alice')";
    database.session().batch(tenants).await.unwrap();
    database
}

/// The registry's login through each adapter.
async fn sessions(database: &TestDatabase) -> [Arc<dyn SqlSession>; 2] {
    let url = database.url(&format!("{}_registry", database.name()));
    [
        Arc::new(tenant_diesel::PgSession::connect(url.as_str()).await.unwrap()),
        Arc::new(tenant_seaorm::PgSession::connect(url.as_str()).await.unwrap()),
    ]
}

fn registry(session: &Arc<dyn SqlSession>, ttl: Duration) -> CachedRegistry {
    CachedRegistry::builder(SqlRegistry::new(Arc::clone(session)).key(TenantKey::Bigint))
        .ttl(ttl)
        .heartbeat(Duration::from_millis(500))
        .build()
}

/// Ends the watcher with the test.
struct Watcher(JoinHandle<std::convert::Infallible>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watched(registry: &CachedRegistry, session: &Arc<dyn SqlSession>) -> Watcher {
    assert!(!registry.is_watched());
    let watcher = Watcher(tokio::spawn(registry.watch(Arc::clone(session))));
    until(async || registry.is_watched()).await;
    watcher
}

/// Asks until it is so; how long that took.
async fn until(so: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < SOON, "it does not happen");
        yield_now().await;
    }
    begun.elapsed()
}

async fn verify(registry: &CachedRegistry) -> Result<(), VerifyError> {
    let claim = TenantScope::claim(1, Principal::User("alice".into()));
    claim.verify(registry).await.map(drop)
}

async fn set_status(database: &TestDatabase, status: &str) {
    let sql = format!("UPDATE tenancy.tenants SET status = '{status}'");
    database.session().batch(&sql).await.unwrap();
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_within_a_second_of_the_commit() {
    for at in 0..2 {
        let database = database().await;
        let session = &sessions(&database).await[at];
        let registry = registry(session, Duration::from_hours(1));
        let _watcher = watched(&registry, session).await;
        verify(&registry).await.unwrap();

        set_status(&database, "suspended").await;
        let refused = async || matches!(verify(&registry).await, Err(VerifyError::Suspended(_)));
        let took = until(refused).await;
        assert!(took < Duration::from_secs(1), "it took {took:?}");
        set_status(&database, "active").await;
        until(async || verify(&registry).await.is_ok()).await;

        let members = "DELETE FROM tenancy.members";
        database.session().batch(members).await.unwrap();
        let refused = async || matches!(verify(&registry).await, Err(VerifyError::NotMember(_)));
        let took = until(refused).await;
        assert!(took < Duration::from_secs(1), "it took {took:?}");
        database.session().batch("TRUNCATE tenancy.tenants CASCADE").await.unwrap();
        until(async || matches!(verify(&registry).await, Err(VerifyError::Unknown(_)))).await;
    }
}

/// The twin: the TTL is all that there is.
#[tokio::test]
async fn unwatched_a_suspended_tenant_is_served_until_the_ttl() {
    let database = database().await;
    let ttl = Duration::from_secs(1);
    for session in &sessions(&database).await {
        set_status(&database, "active").await;
        let registry = registry(session, ttl);
        let begun = Instant::now();
        verify(&registry).await.unwrap();
        set_status(&database, "suspended").await;
        let after = verify(&registry).await;
        if begun.elapsed() < ttl {
            after.unwrap();
        }
        until(async || matches!(verify(&registry).await, Err(VerifyError::Suspended(_)))).await;
        assert!(begun.elapsed() >= ttl, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_killed_listener_says_so_and_is_right_again_afterwards() {
    for at in 0..2 {
        let database = database().await;
        let session = &sessions(&database).await[at];
        let registry = registry(session, Duration::from_hours(1));
        let _watcher = watched(&registry, session).await;
        verify(&registry).await.unwrap();

        // It cannot come back, and misses the change; the TTL is an hour.
        let login = format!("ALTER ROLE {}_registry CONNECTION LIMIT 0", database.name());
        database.session().batch(&login).await.unwrap();
        kill_listeners(&database).await;
        until(async || !registry.is_watched()).await;
        set_status(&database, "suspended").await;
        verify(&registry).await.unwrap();

        let login = format!("ALTER ROLE {}_registry CONNECTION LIMIT -1", database.name());
        database.session().batch(&login).await.unwrap();
        until(async || registry.is_watched()).await;
        assert!(matches!(verify(&registry).await, Err(VerifyError::Suspended(_))));
        // And hears again.
        set_status(&database, "active").await;
        until(async || verify(&registry).await.is_ok()).await;
    }
}

#[tokio::test]
async fn whatever_strangers_send_makes_it_ask_again_and_nothing_else() {
    let database = database().await;
    let name = database.name();
    let strangers = tenant_diesel::PgSession::connect(database.url(&format!("{name}_login")));
    let strangers = strangers.await.unwrap();
    for session in &sessions(&database).await {
        let registry = registry(session, Duration::from_hours(1));
        let _watcher = watched(&registry, session).await;
        verify(&registry).await.unwrap();
        for payload in [
            "''",
            "'0'",
            "'no id'",
            "'1; DROP'",
            "repeat('x', 7999)",
            "repeat(' ', 300)",
            "'active'",
        ] {
            let sql = format!("SELECT pg_notify('tenancy_changed', {payload})");
            strangers.batch(&sql).await.unwrap();
        }
        let flood = "SELECT pg_notify('tenancy_changed', n::text) FROM generate_series(1, 20000) n";
        strangers.batch(flood).await.unwrap();
        verify(&registry).await.unwrap();
        set_status(&database, "suspended").await;
        until(async || matches!(verify(&registry).await, Err(VerifyError::Suspended(_)))).await;
        until(async || registry.is_watched()).await;
        set_status(&database, "active").await;
        until(async || verify(&registry).await.is_ok()).await;
    }
}

#[tokio::test]
async fn a_hundred_who_want_to_know_cost_two_queries() {
    let database = database().await;
    let proxy = database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_registry", database.name()));
    let session: Arc<dyn SqlSession> =
        Arc::new(tenant_diesel::PgSession::connect(url).await.unwrap());
    let registry = registry(&session, Duration::from_hours(1));
    proxy.reset();
    let all = futures_util::future::join_all((0..100).map(|_| verify(&registry))).await;
    assert!(all.iter().all(Result::is_ok));
    let messages = proxy.messages();
    let run = messages.iter().filter(|message| message.contains(" FROM tenancy.")).count();
    assert_eq!(run, 2, "the tenant and the membership: {messages:#?}");
}

#[tokio::test]
async fn tables_of_ones_own_tell_with_the_same_function() {
    let database = database().await;
    let own = "CREATE TABLE companies (company_id bigint PRIMARY KEY, handle text, blocked bool);
               INSERT INTO companies VALUES (1, 'acme', false);
               CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON companies
                 FOR EACH ROW EXECUTE FUNCTION tenancy.tell_change('company_id');
               CREATE TRIGGER tell_truncate AFTER TRUNCATE ON companies
                 FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tell_change();";
    database.session().batch(own).await.unwrap();
    let session = tenant_seaorm::PgSession::connect(database.superuser_url()).await.unwrap();
    let session: Arc<dyn SqlSession> = Arc::new(session);
    let registry = CachedRegistry::new(SqlRegistry::with_queries(
        Arc::clone(&session),
        "SELECT handle AS slug, handle AS name, NULL AS plan, 0 AS epoch,
                CASE WHEN blocked THEN 'suspended' ELSE 'active' END AS status
         FROM companies WHERE company_id = $1::text::bigint",
        "SELECT 1 WHERE $1 <> $2",
    ));
    let _watcher = watched(&registry, &session).await;
    verify(&registry).await.unwrap();
    database.session().batch("UPDATE companies SET blocked = true").await.unwrap();
    until(async || matches!(verify(&registry).await, Err(VerifyError::Suspended(_)))).await;
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_noticed() {
    let database = database().await;
    let proxy = database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_registry", database.name()));
    let through: [Arc<dyn SqlSession>; 2] = [
        Arc::new(tenant_diesel::PgSession::connect(url.as_str()).await.unwrap()),
        Arc::new(tenant_seaorm::PgSession::connect(url.as_str()).await.unwrap()),
    ];
    for (through, direct) in through.iter().zip(&sessions(&database).await) {
        let registry = registry(direct, Duration::from_hours(1));
        let _watcher = watched(&registry, through).await;
        verify(&registry).await.unwrap();
        proxy.stall();
        until(async || !registry.is_watched()).await;
        set_status(&database, "suspended").await;
        proxy.resume();
        until(async || registry.is_watched()).await;
        assert!(matches!(verify(&registry).await, Err(VerifyError::Suspended(_))));
        set_status(&database, "active").await;
        until(async || verify(&registry).await.is_ok()).await;
    }
}
