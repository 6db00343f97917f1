//! What is not there, not allowed, locked, or killed in the middle: told, and nothing is left.

use std::time::Duration;

use tenant_core::{
    Error, Isolation, Layout, Outcome, Probe, Report, Severity, SqlSession, TableName, Tenancy,
    TenantId, TenantKey,
};
use tenant_testkit::TestDatabase;

use crate::{
    clean::nothing_changed,
    fixture::{Shop, leaks},
};

fn unproven(report: &Report) -> Vec<&str> {
    let found = report.findings.iter().filter(|finding| finding.code == "ATK000");
    found.map(|finding| finding.found.as_str()).collect()
}

/// What came of an attempt on a table.
fn outcomes<'r>(report: &'r Report, code: &str, table: &str) -> Vec<&'r Outcome> {
    let object = format!("table \"public\".\"{table}\"");
    let meant = report.attempts.iter().filter(|a| a.code == code && a.object == object);
    meant.map(|a| &a.outcome).collect()
}

/// Asks until it is so; the server's answer is what is waited for.
async fn until(database: &TestDatabase, sql: &str) -> i64 {
    loop {
        let rows = database.session().rows(sql, &[]).await.unwrap();
        if let Some(n) = rows.first().and_then(|row| row["n"].as_i64()) {
            return n;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_probe_that_is_killed_in_the_middle_leaves_nothing() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let before = shop.state().await;
    // Somebody holds `seat`, which hangs on `customer`: the probe stops with rows planted there.
    let holder = shop.database.session().dedicated().await.unwrap();
    holder.batch("BEGIN; LOCK TABLE seat IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let probe =
        shop.probe().lock_timeout(Duration::from_mins(5)).statement_timeout(Duration::from_mins(5));
    let login = shop.login();
    let running = tokio::spawn(async move { probe.run(&login).await });
    let waiting = "SELECT l.pid AS n FROM pg_locks l WHERE NOT l.granted AND l.relation = 'seat'::regclass \
                   AND EXISTS (SELECT FROM pg_locks h WHERE h.pid = l.pid AND h.granted \
                   AND h.mode = 'RowExclusiveLock' AND h.relation = 'customer'::regclass)";
    let pid = until(&shop.database, waiting).await;
    shop.database.session().batch(&format!("SELECT pg_terminate_backend({pid})")).await.unwrap();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Session { .. }), "{error}");
    holder.batch("ROLLBACK").await.unwrap();
    until(
        &shop.database,
        &format!("SELECT 1 AS n WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"),
    )
    .await;
    nothing_changed(&before, &shop.state().await);
    assert_eq!(shop.locks().await, 0);
}

#[tokio::test]
async fn a_probe_whose_future_is_dropped_leaves_nothing() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let before = shop.state().await;
    let holder = shop.database.session().dedicated().await.unwrap();
    holder.batch("BEGIN; LOCK TABLE seat IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let probe =
        shop.probe().lock_timeout(Duration::from_mins(5)).statement_timeout(Duration::from_mins(5));
    let login = shop.login();
    let running = tokio::spawn(async move { probe.run(&login).await });
    let waiting =
        "SELECT l.pid AS n FROM pg_locks l WHERE NOT l.granted AND l.relation = 'seat'::regclass";
    let pid = until(&shop.database, waiting).await;
    running.abort();
    holder.batch("ROLLBACK").await.unwrap();
    until(
        &shop.database,
        &format!("SELECT 1 AS n WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"),
    )
    .await;
    nothing_changed(&before, &shop.state().await);
    assert_eq!(shop.locks().await, 0);
}

#[tokio::test]
async fn a_table_that_somebody_locks_is_told_and_not_held() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let holder = shop.database.session().dedicated().await.unwrap();
    holder.batch("BEGIN; LOCK TABLE seat IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let probe = shop.probe().lock_timeout(Duration::from_millis(20));
    let report = probe.run(&shop.login()).await.unwrap();
    holder.batch("ROLLBACK").await.unwrap();
    assert!(unproven(&report).iter().any(|found| found.contains("55P03")), "{report}");
    let seat = |a: &&tenant_core::Attempt| a.object == r#"table "public"."seat""#;
    let reads = report.attempts.iter().filter(seat).filter(|a| a.code < "ATK037");
    for attempt in reads {
        assert!(matches!(attempt.outcome, Outcome::NotApplicable { .. }), "{attempt:?}");
    }
}

#[tokio::test]
async fn another_login_is_told_and_nothing_is_attacked() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let superuser = shop.database.session();
    let report = shop.probe().run(superuser).await.unwrap();
    assert!(report.attempts.is_empty());
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].severity, Severity::Error);
}

#[tokio::test]
async fn triggers_are_set_off_only_when_asked() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let sql =
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
               CREATE TRIGGER t BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION refuse()";
    shop.database.session().batch(sql).await.unwrap();
    let report = shop.attacked().await;
    // The table itself, and those whose parent it is.
    assert_eq!(unproven(&report).len(), 3, "{report}");
    assert!(unproven(&report).iter().all(|found| found.contains("with_triggers")));
    let report = shop.probe().with_triggers().run(&shop.login()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_table_where_nothing_can_be_planted_is_read_where_the_two_tenants_have_rows() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let sql = "ALTER TABLE customer ADD CHECK (md5(email || code) = 'x') NOT VALID;
               ALTER TABLE customer DISABLE ROW LEVEL SECURITY";
    shop.database.session().batch(sql).await.unwrap();
    // Of two tenants that nobody is there is nothing to read.
    let report = shop.attacked().await;
    assert!(
        unproven(&report).iter().any(|found| found.contains("nothing was attacked")),
        "{report}"
    );
    assert!(
        outcomes(&report, "ATK003", "customer")
            .iter()
            .all(|o| matches!(o, Outcome::NotApplicable { .. }))
    );
    // Of two that have rows there is.
    let id = |n| TenantKey::Uuid.parse(&format!("018f4e9c-0000-7000-8000-00000000000{n}")).unwrap();
    let probe = shop.probe().tenants(id(1), id(2));
    let report = probe.run(&shop.login()).await.unwrap();
    assert!(unproven(&report).iter().any(|found| found.contains("only read")), "{report}");
    let leaked: Vec<_> = leaks(&report).into_iter().map(|(code, _)| code).collect();
    assert!(leaked.contains(&"ATK003") && !leaked.contains(&"ATK049"), "{leaked:?}");
}

#[tokio::test]
async fn tenants_that_are_registered_in_a_table_are_asked_for() {
    let database = TestDatabase::create().await.unwrap();
    database
        .session()
        .batch(
            "CREATE TABLE account (id bigint PRIMARY KEY);
             CREATE TABLE note (id bigserial PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES account, body text);
             INSERT INTO account VALUES (1), (2)",
        )
        .await
        .unwrap();
    let tenancy = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("note"), None)
        .shared_table(TableName::new("account"));
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let login = database.session_as(layout.roles().login());
    // The layout is the default: named after the database.
    let report = tenant_core::probe(&login, &tenancy).await.unwrap();
    assert!(
        unproven(&report).iter().any(|found| found.contains("Probe::tenants(a, b)")),
        "{report}"
    );
    let report = Probe::new(&tenancy).tenants(1, 2).run(&login).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let wrong = Probe::new(&tenancy).tenants(TenantId::try_from("x").unwrap(), 2);
    assert!(matches!(wrong.run(&login).await, Err(Error::WrongKey { .. })));
    let same = Probe::new(&tenancy).tenants(1, 1);
    assert!(matches!(same.run(&login).await, Err(Error::InvalidTenantId { .. })));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_told() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let tenancy = shop.tenancy.clone().tenant_table(TableName::new("gone"), None);
    let report = Probe::new(&tenancy).layout(&shop.layout).run(&shop.login()).await.unwrap();
    assert_eq!(unproven(&report).len(), 1, "{report}");
    assert!(!report.is_clean());
}

#[tokio::test]
async fn maintenance_that_is_granted_is_found_where_the_server_has_it() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let role = shop.layout.roles().tenant().unwrap().to_owned();
    let sql = format!("GRANT MAINTAIN ON customer TO {role}");
    // Before PostgreSQL 17 there is no such privilege, and nothing to find.
    let has_it = shop.database.session().batch(&sql).await.is_ok();
    let report = shop.attacked().await;
    assert_eq!(leaks(&report).iter().any(|(code, _)| *code == "ATK199"), has_it, "{report}");
    assert_eq!(report.is_clean(), !has_it);
}

#[tokio::test]
async fn a_key_that_counts_its_rows_is_no_oracle_whatever_else_is_in_it() {
    for (key, told) in [("id, at", false), ("kind, at", true)] {
        let database = TestDatabase::create().await.unwrap();
        let events = format!(
            "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id bigint NOT NULL,
               kind text NOT NULL, at date NOT NULL, PRIMARY KEY ({key})) PARTITION BY RANGE (at);
             CREATE TABLE events_rest PARTITION OF events DEFAULT"
        );
        database.session().batch(&events).await.unwrap();
        let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("events"), None);
        let layout = Layout::new(database.name()).unwrap();
        database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
        let login = database.session_as(layout.roles().login());
        let report = Probe::new(&tenancy).layout(&layout).run(&login).await.unwrap();
        assert_eq!(leaks(&report).iter().any(|(code, _)| *code == "ATK067"), told, "{report}");
        assert_eq!(report.is_clean(), !told, "{report}");
    }
}
