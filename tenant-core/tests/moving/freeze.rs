//! The triggers that refuse a tenant's writes.

use tenant_core::{MoveError, SessionError, SqlSession};

use crate::fixture::{DECLARED, Shop, schema, tenancy};

/// As the tenant's login would write it.
pub(crate) async fn write_as(shop: &Shop, tenant: i64, sql: &str) -> Result<(), SessionError> {
    let login = shop.database.session_as(&format!("{}_login", shop.database.name()));
    let all = format!(
        "BEGIN; SET LOCAL ROLE {}_tenant; SELECT set_config('app.current_tenant_id', '{tenant}', true); {sql}; COMMIT",
        shop.database.name()
    );
    login.dedicated().await?.batch(&all).await
}

pub(crate) async fn freeze(shop: &Shop, table: &str, tenant: &str) -> Result<String, SessionError> {
    let sql = format!(
        "SELECT tenancy.freeze(ARRAY['{table}']::regclass[], ARRAY['tenant_id']::name[], {tenant})::text AS x"
    );
    Ok(shop.admin().rows(&sql, &[]).await?[0]["x"].to_string())
}

#[tokio::test]
async fn a_frozen_tenant_writes_nothing_and_everybody_else_goes_on() {
    let shop = Shop::open().await;
    for table in DECLARED {
        freeze(&shop, &format!("public.{table}"), "1").await.unwrap();
    }
    let writes = [
        "INSERT INTO customers (name) VALUES ('x')",
        "INSERT INTO customers (id, name) VALUES ((SELECT min(id) FROM customers), 'x') ON CONFLICT DO NOTHING",
        "UPDATE orders SET total = 0",
        "DELETE FROM tags",
        "INSERT INTO events VALUES (tenancy.current_tenant(), 99, '2030-01-01', 'x')",
        "UPDATE events SET at = '2020-01-01' WHERE id = 60",
        "SET LOCAL tenancy.mover = 'counted'; SET LOCAL tenancy.eraser = 'on'; DELETE FROM tags",
        "WITH d AS (DELETE FROM eggs RETURNING id) SELECT count(*) FROM d",
    ];
    for write in writes {
        let refused = write_as(&shop, 1, write).await.unwrap_err();
        assert_eq!(refused.constraint.as_deref(), Some("tenant_moving"), "{write}: {refused}");
    }
    write_as(&shop, 1, "SELECT count(*) FROM customers").await.unwrap();
    for write in &writes[..4] {
        write_as(&shop, 2, write).await.unwrap();
    }
}

#[tokio::test]
async fn twin_without_the_freeze_the_same_writes_go_through() {
    let shop = Shop::open().await;
    write_as(&shop, 1, "UPDATE orders SET total = 0").await.unwrap();
    write_as(&shop, 1, "DELETE FROM tags").await.unwrap();
}

#[tokio::test]
async fn only_the_admin_freezes_and_thaws() {
    let shop = Shop::open().await;
    for call in [
        "SELECT tenancy.freeze(ARRAY['public.tags']::regclass[], ARRAY['tenant_id']::name[], 2)",
        "SELECT tenancy.thaw('public.tags', '1')",
        "INSERT INTO tenancy.moves SELECT",
        "SELECT * FROM tenancy.moves",
    ] {
        let refused = write_as(&shop, 1, call).await.unwrap_err();
        assert_eq!(refused.sqlstate.as_deref(), Some("42501"), "{call}: {refused}");
    }
    let registry = freeze(&shop, "tenancy.members", "1").await.unwrap_err();
    assert_eq!(registry.sqlstate.as_deref(), Some("42809"), "{registry}");
}

#[tokio::test]
async fn names_that_are_not_plain_freeze_what_they_name() {
    let shop = Shop::open().await;
    let hostile = r#"O'Neil "x"; DROP SCHEMA public; --\ü %I"#;
    shop.schema(hostile).await;
    shop.moved(&schema(hostile)).await.unwrap();
    shop.moved(&schema("acme")).await.unwrap();
    shop.assert_settled().await;
    assert_eq!(shop.home().await, "schema main acme");
}

#[tokio::test]
async fn a_tenant_whose_id_is_a_hostile_text_is_frozen() {
    use tenant_core::{
        Isolation, Layout, Move, MoveSessions, Placement, TableName, Tenancy, TenantKey,
    };
    use tenant_testkit::TestDatabase;

    let id = r#"'); DROP TABLE notes; -- "ü\ %s"#;
    let database = TestDatabase::create().await.unwrap();
    let layout = Layout::new(database.name()).unwrap().shared_schema("common").unwrap();
    let tenancy = Tenancy::new(TenantKey::Text)
        .tenant_table(TableName::new(r#"No "tes"#), Some(r#"O'wner "x""#));
    let table = r#"CREATE TABLE "No ""tes" (id int PRIMARY KEY, "O'wner ""x""" text)"#;
    let tables =
        format!("CREATE SCHEMA common; {table}; CREATE SCHEMA own; SET search_path = own; {table}");
    database.session().batch(&tables).await.unwrap();
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    database.install(&isolation).await.unwrap();
    isolation.apply_schema(database.session(), "own").await.unwrap();
    let rows = format!(
        "INSERT INTO tenancy.tenants (id, slug, name) VALUES ({0}, 'x', 'x'), ('b', 'b', 'b');
         INSERT INTO public.\"No \"\"tes\" VALUES (1, {0}), (2, 'b')",
        tenant_core::quote_literal(id)
    );
    database.session().batch(&rows).await.unwrap();
    let admin = database.session_as(&format!("{}_admin", database.name()));
    let a_move = Move::new(&tenancy, tenant_core::TenantId::try_from(id).unwrap(), schema("own"));
    let a_move = a_move.layout(&layout).keep_source(std::time::Duration::ZERO);
    let moved = a_move.run(MoveSessions::one(&admin), "alice", "a test").await.unwrap();
    assert_eq!((moved.tables[0].rows, moved.from), (1, Placement::default()));
    let left = "SELECT count(*)::text AS x FROM public.\"No \"\"tes\"";
    assert_eq!(database.session().rows(left, &[]).await.unwrap()[0]["x"], "1");
}

#[tokio::test]
async fn a_writer_that_does_not_end_stops_the_move_and_nobody_stays_frozen() {
    let shop = Shop::open().await;
    let writer = shop.database.session().dedicated().await.unwrap();
    writer.batch("BEGIN; UPDATE public.tags SET note = 'y' WHERE tenant_id = 2").await.unwrap();
    let admin = shop.admin();
    let a_move = shop.a_move(&schema("acme")).freeze_within(std::time::Duration::from_millis(300));
    let sessions = tenant_core::MoveSessions::one(&admin);
    let held = a_move.run(sessions, "alice", "a test").await;
    assert!(matches!(held, Err(MoveError::Held { .. })), "{held:?}");
    write_as(&shop, 1, "UPDATE orders SET total = 0").await.unwrap();
    writer.batch("COMMIT").await.unwrap();
    let before = shop.checksum("public", 1).await;
    shop.moved(&schema("acme")).await.unwrap();
    assert_eq!(shop.checksum("acme", 1).await, before);
}

#[tokio::test]
async fn a_transaction_of_before_the_switch_finds_the_rows_until_it_ends() {
    let shop = Shop::open().await;
    let login = shop.database.session_as(&format!("{}_login", shop.database.name()));
    let old = login.dedicated().await.unwrap();
    let begin = format!(
        "BEGIN; SET LOCAL ROLE {}_tenant; SELECT set_config('app.current_tenant_id', '1', true)",
        shop.database.name()
    );
    old.batch(&begin).await.unwrap();
    let count = "SELECT count(*) AS n FROM public.customers";
    assert_eq!(old.rows(count, &[]).await.unwrap()[0]["n"], 20);
    let to = schema("acme");
    let moving = shop.moved(&to);
    let reading = async {
        while shop.home().await != "schema main acme" {
            tokio::task::yield_now().await;
        }
        assert_eq!(old.rows(count, &[]).await.unwrap()[0]["n"], 20);
        let late = old.batch("INSERT INTO public.customers (name) VALUES ('late')").await;
        assert_eq!(late.unwrap_err().constraint.as_deref(), Some("tenant_moving"));
        drop(old);
    };
    let (moved, ()) = futures_util::future::join(moving, reading).await;
    moved.unwrap();
    assert_eq!(shop.count("public", 1).await, 0);
}

#[tokio::test]
async fn rows_on_their_way_are_not_counted_twice() {
    use tenant_core::TableName;
    let shop = Shop::open().await;
    let customers = TableName::new("customers").unwrap();
    let isolation = tenant_core::Isolation::new(&tenancy(), &shop.layout)
        .unwrap()
        .row_quota(customers)
        .unwrap();
    shop.database.install(&isolation).await.unwrap();
    isolation.apply_schema(shop.database.session(), "acme").await.unwrap();
    // As many as it has: one more is too many.
    shop.run("INSERT INTO tenancy.quotas (name, max) SELECT DISTINCT name, 20 FROM tenancy.usage")
        .await;
    let used = "SELECT used FROM tenancy.usage WHERE tenant_id = 1";
    assert_eq!(shop.one(used).await, "20");
    shop.moved(&schema("acme")).await.unwrap();
    assert_eq!(shop.one(used).await, "20");
}
