use tenant_core::{
    Isolation, Layout, Per, Quota, QuotaFor, Quotas, SqlSession, TableName, Tenancy, TenantId,
    TenantKey,
};
use tenant_testkit::TestDatabase;

use crate::fixture::{Shop, as_role, tenancy};

fn orders() -> Quota {
    Quota::rows(&TableName::new("orders").unwrap())
}

/// One statement in a transaction of this tenant.
async fn as_tenant(shop: &Shop, tenant: i64, sql: &str) -> Result<(), tenant_core::SessionError> {
    as_role(shop, "tenant", &format!("SET LOCAL app.current_tenant_id = '{tenant}'; {sql}")).await
}

async fn used(shop: &Shop, quota: &Quota, tenant: i64) -> i64 {
    let admin = shop.admin();
    Quotas::new(&admin).usage(quota, &TenantId::from(tenant)).await.unwrap().used
}

async fn limited(shop: &Shop, quota: &Quota, max: i64) {
    let admin = shop.admin();
    Quotas::new(&admin).set(quota, &QuotaFor::Everybody, max, Per::Ever).await.unwrap();
}

#[tokio::test]
async fn rows_are_counted_whatever_writes_them() {
    let shop = Shop::counting().await;
    as_tenant(&shop, 1, "INSERT INTO orders (total) SELECT generate_series(1, 5)").await.unwrap();
    as_tenant(&shop, 2, "INSERT INTO orders (total) VALUES (1)").await.unwrap();
    assert_eq!((used(&shop, &orders(), 1).await, used(&shop, &orders(), 2).await), (5, 1));
    as_tenant(&shop, 1, "DELETE FROM orders WHERE total > 3").await.unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 3);
    // What an upsert inserts, and what a cascade takes away.
    let upsert = "INSERT INTO orders (id, total) SELECT id, 9 FROM orders ON CONFLICT (id) DO UPDATE SET total = 9;
        INSERT INTO customers (id) VALUES (77); INSERT INTO orders (customer) VALUES (77), (77)";
    as_tenant(&shop, 1, upsert).await.unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 5);
    as_tenant(&shop, 1, "DELETE FROM customers").await.unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 3);
    let copied = "WITH moved AS (DELETE FROM orders RETURNING total)
        INSERT INTO orders (total) SELECT total FROM moved";
    as_tenant(&shop, 1, copied).await.unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 3);
    // Both tenants at once, by somebody who may.
    as_role(&shop, "admin", "INSERT INTO orders (tenant_id) VALUES (1), (2), (2)").await.unwrap();
    assert_eq!((used(&shop, &orders(), 1).await, used(&shop, &orders(), 2).await), (4, 3));
    as_role(&shop, "owner", "SET LOCAL row_security = on; TRUNCATE orders").await.unwrap();
    assert_eq!((used(&shop, &orders(), 1).await, used(&shop, &orders(), 2).await), (0, 0));
}

#[tokio::test]
async fn beyond_the_limit_nothing_is_written_and_the_error_says_which() {
    let shop = Shop::counting().await;
    limited(&shop, &orders(), 3).await;
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (1), (2)").await.unwrap();
    let refused =
        as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (3), (4)").await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenant_quota"), "{refused}");
    assert!(
        refused.to_string().contains(r#""rows of public.orders" is used up: 2 of 3"#),
        "{refused}"
    );
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (3)").await.unwrap();
    as_tenant(&shop, 2, "INSERT INTO orders (total) VALUES (1), (2), (3)").await.unwrap();
    as_tenant(
        &shop,
        1,
        "DELETE FROM orders WHERE total = 1; INSERT INTO orders (total) VALUES (4)",
    )
    .await
    .unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 3);
}

/// Attack (rows): writing more than the quota allows, a hundred at once.
#[tokio::test]
async fn of_a_hundred_writers_at_the_limit_exactly_the_limit_gets_in() {
    let shop = Shop::counting().await;
    limited(&shop, &orders(), 40).await;
    let sessions: Vec<_> = (0..25).map(|_| shop.database.session_as(&shop.role("login"))).collect();
    let sql = format!(
        "BEGIN; SET LOCAL ROLE {}; SET LOCAL app.current_tenant_id = '1'; \
         INSERT INTO orders (total) VALUES (1); COMMIT",
        shop.role("tenant")
    );
    let writers = sessions.iter().map(async |session| {
        let mut got_in = 0;
        for _ in 0..4 {
            match session.batch(&sql).await {
                Ok(()) => got_in += 1,
                Err(e) => assert_eq!(e.constraint.as_deref(), Some("tenant_quota"), "{e}"),
            }
        }
        got_in
    });
    let got_in: usize = futures_util::future::join_all(writers).await.into_iter().sum();
    assert_eq!(got_in, 40);
    let rows = shop.database.session().rows("SELECT count(*) AS n FROM orders", &[]).await.unwrap();
    assert_eq!(rows[0]["n"], 40);
    assert_eq!(used(&shop, &orders(), 1).await, 40);
}

#[tokio::test]
async fn twin_without_the_triggers_all_of_them_get_in() {
    let shop = Shop::counting().await;
    limited(&shop, &orders(), 40).await;
    shop.install().await;
    for _ in 0..41 {
        as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (1)").await.unwrap();
    }
}

#[tokio::test]
async fn a_tenants_own_limit_comes_before_its_plans_and_that_before_everybodys() {
    let shop = Shop::counting().await;
    let admin = shop.admin();
    let tenants = "INSERT INTO tenancy.tenants (id, slug, name, plan)
        VALUES (1, 'a', 'a', 'pro'), (2, 'b', 'b', 'pro'), (3, 'c', 'c', NULL)";
    admin.batch(tenants).await.unwrap();
    let quotas = Quotas::new(&admin);
    let pro = QuotaFor::Plan("pro".into());
    let one = QuotaFor::Tenant(1.into());
    for (whom, max) in [(&QuotaFor::Everybody, 1), (&pro, 10), (&one, 100)] {
        quotas.set(&orders(), whom, max, Per::Ever).await.unwrap();
    }
    let max = async |id: i64| quotas.usage(&orders(), &id.into()).await.unwrap().max;
    assert_eq!([max(1).await, max(2).await, max(3).await], [Some(100), Some(10), Some(1)]);
    quotas.set(&orders(), &one, 0, Per::Ever).await.unwrap();
    assert_eq!(max(1).await, Some(0));
    assert_eq!(quotas.list().await.unwrap().len(), 3);
    assert!(quotas.lift(&orders(), &one).await.unwrap());
    assert!(!quotas.lift(&orders(), &one).await.unwrap());
    assert_eq!(max(1).await, Some(10));
    assert!(quotas.lift(&orders(), &pro).await.unwrap());
    assert!(quotas.lift(&orders(), &QuotaFor::Everybody).await.unwrap());
    assert_eq!(max(1).await, None);
}

#[tokio::test]
async fn a_counter_begins_anew_with_its_period() {
    let shop = Shop::counting().await;
    let admin = shop.admin();
    let exports = Quota::counter("exports");
    Quotas::new(&admin).set(&exports, &QuotaFor::Everybody, 2, Per::Month).await.unwrap();
    let export = "SELECT tenancy.use_quota('exports', 1)";
    as_tenant(&shop, 1, export).await.unwrap();
    as_tenant(&shop, 1, export).await.unwrap();
    let refused = as_tenant(&shop, 1, export).await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenant_quota"), "{refused}");
    let usage = Quotas::new(&admin).usage(&exports, &1.into()).await.unwrap();
    assert_eq!((usage.used, usage.left()), (2, Some(0)));
    assert!(usage.resets.is_some());
    // As if what was used had been used last month.
    let earlier = "UPDATE tenancy.usage SET since = since - interval '1 month'";
    shop.database.session().batch(earlier).await.unwrap();
    as_tenant(&shop, 1, export).await.unwrap();
    assert_eq!(used(&shop, &exports, 1).await, 1);
}

/// Attack (rows): filling the database with counters of one's own.
#[tokio::test]
async fn what_nobody_limits_is_not_written_down() {
    let shop = Shop::counting().await;
    as_tenant(&shop, 1, "SELECT tenancy.use_quota('n' || i, 1) FROM generate_series(1, 100) AS i")
        .await
        .unwrap();
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.usage").await, "0");
    limited(&shop, &Quota::counter("n7"), 5).await;
    as_tenant(&shop, 1, "SELECT tenancy.use_quota('n' || i, 1) FROM generate_series(1, 100) AS i")
        .await
        .unwrap();
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.usage").await, "1");
}

/// A tenant's rows go, and what was counted of them.
#[tokio::test]
async fn erasing_a_tenant_leaves_nothing_counted() {
    let shop = Shop::counting().await;
    let tenant = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (1, 'a', 'a'), (2, 'b', 'b')";
    shop.database.session().batch(tenant).await.unwrap();
    for id in [1, 2] {
        as_tenant(&shop, id, "INSERT INTO orders (total) VALUES (1), (2)").await.unwrap();
    }
    let admin = shop.admin();
    let own = QuotaFor::Tenant(1.into());
    Quotas::new(&admin).set(&orders(), &own, 9, Per::Ever).await.unwrap();
    let erasure = tenant_core::Erasure::new(&tenancy(TenantKey::Bigint), 1);
    erasure.run(&admin, "alice", "contract ended").await.unwrap();
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.quotas").await, "0");
    assert_eq!(shop.one("SELECT string_agg(tenant_id::text, ' ') FROM tenancy.usage").await, "2");
}

/// Attack (rows): giving oneself more: a negative use, a counter named as rows are, another tenant's,
/// the tables behind it.
#[tokio::test]
async fn a_tenant_cannot_give_itself_more() {
    let shop = Shop::counting().await;
    limited(&shop, &orders(), 1).await;
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (1)").await.unwrap();
    for attack in [
        "SELECT tenancy.use_quota('exports', -5)",
        "SELECT tenancy.use_quota('exports', 0)",
        "SELECT tenancy.use_quota('rows of public.orders', 1)",
        "SELECT tenancy.add_usage(1, 'rows of public.orders', -1)",
        "SELECT tenancy.add_usage(2, 'rows of public.orders', 1)",
        "SELECT tenancy.quota_of(2, 'exports')",
        "UPDATE tenancy.usage SET used = 0",
        "DELETE FROM tenancy.quotas",
        "SELECT * FROM tenancy.usage",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "SET LOCAL session_replication_role = replica",
        "CREATE TEMP TABLE changed (tenant_id bigint)",
        "COPY orders (total) FROM STDIN",
    ] {
        assert!(as_tenant(&shop, 1, attack).await.is_err(), "{attack}");
    }
    assert_eq!(used(&shop, &orders(), 1).await, 1);
    // What it may: see its own.
    as_tenant(&shop, 1, "DO $$ BEGIN ASSERT (SELECT (used, max) = (1, 1) FROM tenancy.quota('rows of public.orders')); END $$")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_there_when_counting_begins_is_counted_and_can_be_counted_anew() {
    let shop = Shop::open().await;
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (1), (2)").await.unwrap();
    shop.install_counting().await;
    assert_eq!(used(&shop, &orders(), 1).await, 2);
    // Again changes nothing.
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (3)").await.unwrap();
    shop.install_counting().await;
    assert_eq!(used(&shop, &orders(), 1).await, 3);

    as_role(&shop, "admin", "UPDATE orders SET tenant_id = 2 WHERE total = 1").await.unwrap();
    let admin = shop.admin();
    let table = TableName::new("orders").unwrap();
    Quotas::new(&admin).recount(&tenancy(TenantKey::Bigint), &table).await.unwrap();
    assert_eq!((used(&shop, &orders(), 1).await, used(&shop, &orders(), 2).await), (2, 1));
    let plans = TableName::new("plans").unwrap();
    assert!(Quotas::new(&admin).recount(&tenancy(TenantKey::Bigint), &plans).await.is_err());
    // No longer asked for, no longer counted.
    shop.install().await;
    as_tenant(&shop, 1, "INSERT INTO orders (total) VALUES (4)").await.unwrap();
    assert_eq!(used(&shop, &orders(), 1).await, 2);
}

#[tokio::test]
async fn rows_in_partitions_and_in_a_table_of_an_odd_name_are_counted() {
    let database = TestDatabase::create().await.unwrap();
    let odd = r#""O'Neil ""s"".x""#;
    let tables = format!(
        "CREATE TABLE events (at date NOT NULL, v int) PARTITION BY RANGE (at);
         CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE events_rest PARTITION OF events DEFAULT;
         CREATE TABLE {odd} (v int)"
    );
    database.session().batch(&tables).await.unwrap();
    let name = TableName::new(r#"O'Neil "s".x"#).unwrap();
    let events = TableName::new("events").unwrap();
    let tenancy = Tenancy::new(TenantKey::Text)
        .tenant_table(Ok(events.clone()), None)
        .tenant_table(Ok(name.clone()), Some("whose row"));
    let layout = Layout::new(database.name()).unwrap();
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    let counting = isolation.row_quota(events.clone()).unwrap().row_quota(name.clone()).unwrap();
    database.install(&counting).await.unwrap();

    let role = format!("{}_tenant", database.name());
    let rows = format!(
        "BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.current_tenant_id = 'it''s';
         INSERT INTO events VALUES ('2025-05-05', 1), ('2030-01-01', 2);
         UPDATE events SET at = '2031-01-01' WHERE v = 1;
         DELETE FROM events WHERE v = 2;
         INSERT INTO {odd} (v) VALUES (1), (2); COMMIT"
    );
    database.session().batch(&rows).await.unwrap();
    let admin = database.session_as(&format!("{}_admin", database.name()));
    let quotas = Quotas::new(&admin);
    let whose = TenantId::try_from("it's").unwrap();
    for (table, used) in [(&events, 1), (&name, 2)] {
        assert_eq!(quotas.usage(&Quota::rows(table), &whose).await.unwrap().used, used);
        quotas.recount(&tenancy, table).await.unwrap();
        assert_eq!(quotas.usage(&Quota::rows(table), &whose).await.unwrap().used, used);
    }
}

#[tokio::test]
async fn what_cannot_be_a_quota_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let quotas = Quotas::new(&admin);
    let everybody = QuotaFor::Everybody;
    assert!(quotas.set(&orders(), &everybody, 1, Per::Day).await.is_err());
    let nobody_counts = quotas.set(&orders(), &everybody, 1, Per::Ever).await.unwrap_err();
    assert!(nobody_counts.to_string().contains("row_quota"), "{nobody_counts}");
    assert!(quotas.set(&Quota::counter("x"), &everybody, -1, Per::Day).await.is_err());
    assert!(quotas.set(&Quota::counter(""), &everybody, 1, Per::Day).await.is_err());
    let hostile = Quota::counter(r"'; DROP TABLE tenancy.quotas; -- \ 日本");
    quotas.set(&hostile, &everybody, 1, Per::Day).await.unwrap();
    assert_eq!(quotas.list().await.unwrap()[0].name, hostile.name());
}

#[tokio::test]
async fn a_database_that_counts_is_clean_in_lint_and_probe_and_diff() {
    let shop = Shop::counting().await;
    let tenancy = tenancy(TenantKey::Bigint);
    let report = tenant_core::lint(shop.database.session(), &tenancy).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let login = shop.database.session_as(&shop.role("login"));
    let report = tenant_core::probe(&login, &tenancy).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let counting = shop.isolation().row_quota(TableName::new("orders").unwrap()).unwrap();
    assert_eq!(counting.diff(shop.database.session()).await.unwrap(), []);
    assert!(counting.plan(shop.database.session()).await.unwrap().steps.is_empty());
}
