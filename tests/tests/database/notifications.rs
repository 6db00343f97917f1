//! Notifications, through a session of either adapter, and what the registry's tables tell.

use std::time::Duration;

use tenant_core::{Isolation, Layout, Notifications, SqlSession, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

/// What must come comes by then.
const SOON: Duration = Duration::from_secs(20);

/// A session through each adapter, and its own name in `pg_stat_activity`.
async fn sessions(url: &str) -> [Box<dyn SqlSession>; 2] {
    [
        Box::new(tenant_diesel::PgSession::connect(url).await.unwrap()),
        Box::new(tenant_seaorm::PgSession::connect(url).await.unwrap()),
    ]
}

async fn next(notifications: &mut dyn Notifications) -> String {
    tokio::time::timeout(SOON, notifications.next()).await.expect("none came").unwrap()
}

async fn installed(key: TenantKey) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&Tenancy::new(key), &layout).unwrap()).await.unwrap();
    database
}

#[tokio::test]
async fn what_was_sent_is_heard_in_order_also_when_the_wait_was_dropped() {
    let database = TestDatabase::create().await.unwrap();
    for session in sessions(&database.superuser_url()).await {
        let mut heard = session.listen("a \"channel\"").await.unwrap();
        let waiting = tenant_tests::cancel::cancelled_after(1, heard.next()).await;
        assert!(waiting.is_none(), "{waiting:?}");
        let long = "x".repeat(7999);
        for payload in ["", "1", "ü 日本 ' \\", &long] {
            let sent = ["a \"channel\"", payload];
            session.rows("SELECT pg_notify($1, $2)::text", &sent).await.unwrap();
        }
        for payload in ["", "1", "ü 日本 ' \\", &long] {
            assert_eq!(next(&mut *heard).await, payload);
        }
    }
}

#[tokio::test]
async fn a_lost_connection_is_an_error_and_stays_one() {
    let database = TestDatabase::create().await.unwrap();
    for session in sessions(&database.superuser_url()).await {
        let mut heard = session.listen("news").await.unwrap();
        kill_listeners(&database).await;
        let lost = tokio::time::timeout(SOON, heard.next()).await.expect("it was not noticed");
        assert!(lost.is_err(), "{lost:?}");
        session.batch("NOTIFY news, 'missed'").await.unwrap();
        let lost = tokio::time::timeout(SOON, heard.next()).await.expect("it was made again");
        assert!(lost.is_err(), "{lost:?}");
        let mut again = session.listen("news").await.unwrap();
        session.batch("NOTIFY news, 'heard'").await.unwrap();
        assert_eq!(next(&mut *again).await, "heard");
    }
}

/// Ends the connections whose last statement was a LISTEN.
pub(crate) async fn kill_listeners(database: &TestDatabase) {
    let sql = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
               WHERE datname = current_database() AND query ILIKE 'LISTEN%'";
    let rows = database.session().rows(sql, &[]).await.unwrap();
    assert!(rows[0]["n"].as_i64().unwrap() > 0, "nobody listens");
}

#[tokio::test]
async fn a_session_that_cannot_listen_says_so() {
    let database = TestDatabase::create().await.unwrap();
    let blocking = tenant_diesel::blocking::PgSession::connect(database.superuser_url()).unwrap();
    let error = blocking.listen("news").await.err().unwrap();
    assert!(error.to_string().contains("cannot listen"), "{error}");
}

#[tokio::test]
async fn every_change_of_a_tenant_or_its_members_is_told_with_its_id() {
    let uuids = ["018f4e9c-0000-7000-8000-000000000001", "018f4e9c-0000-7000-8000-00000000000a"];
    let long = "é".repeat(127);
    for (key, [id, other]) in [
        (TenantKey::Bigint, ["1", "-9223372036854775808"]),
        (TenantKey::Uuid, uuids),
        (TenantKey::Text, ["'; \\ \" 日本", &long]),
    ] {
        let database = installed(key).await;
        let [session, _] = sessions(&database.superuser_url()).await;
        let mut heard = session.listen("tenancy_changed").await.unwrap();
        let (sql_id, sql_other) =
            (tenant_core::quote_literal(id), tenant_core::quote_literal(other));
        for (change, told) in [
            ("INSERT INTO tenancy.tenants (id, slug, name) VALUES ({id}, 'a', 'A')", vec![id]),
            ("UPDATE tenancy.tenants SET status = 'suspended'", vec![id]),
            ("UPDATE tenancy.tenants SET id = {other}", vec![id, other]),
            ("INSERT INTO tenancy.members VALUES ({other}, 'alice')", vec![other]),
            ("UPDATE tenancy.members SET user_id = 'bob'", vec![other]),
            ("DELETE FROM tenancy.members", vec![other]),
            ("INSERT INTO tenancy.members VALUES ({other}, 'a'), ({other}, 'b')", vec![other]),
            ("DELETE FROM tenancy.tenants", vec![other]),
            ("TRUNCATE tenancy.tenants, tenancy.members", vec![""]),
        ] {
            let sql = change.replace("{id}", &sql_id).replace("{other}", &sql_other);
            database.session().batch(&sql).await.unwrap();
            for told in told {
                assert_eq!(next(&mut *heard).await, told, "{change}");
            }
        }
        // Nothing more has come.
        database.session().batch("NOTIFY tenancy_changed, 'the end'").await.unwrap();
        assert_eq!(next(&mut *heard).await, "the end");
    }
}

#[tokio::test]
async fn an_id_that_no_notification_holds_is_told_as_everything_and_hinders_no_change() {
    let database = installed(TenantKey::Text).await;
    let [session, _] = sessions(&database.superuser_url()).await;
    let mut heard = session.listen("tenancy_changed").await.unwrap();
    let insert =
        "INSERT INTO tenancy.tenants (id, slug, name) VALUES (repeat('x', 2000), 'a', 'A')";
    database.session().batch(insert).await.unwrap();
    assert_eq!(next(&mut *heard).await, "");
}

#[tokio::test]
async fn the_administrators_login_changes_tenants_and_the_application_calls_nothing() {
    let database = installed(TenantKey::Bigint).await;
    let name = database.name();
    let [session, _] = sessions(&database.superuser_url()).await;
    let mut heard = session.listen("tenancy_changed").await.unwrap();
    let admin = tenant_diesel::PgSession::connect(database.url(&format!("{name}_admin"))).await;
    let insert = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (1, 'a', 'A')";
    admin.unwrap().batch(insert).await.unwrap();
    assert_eq!(next(&mut *heard).await, "1");
    for role in ["login", "tenant", "shared", "registry", "admin"] {
        let may = format!(
            "SELECT has_function_privilege('{name}_{role}', 'tenancy.tell_change()', 'EXECUTE') AS may"
        );
        let rows = database.session().rows(&may, &[]).await.unwrap();
        assert_eq!(rows[0]["may"], false, "{role}");
    }
}
