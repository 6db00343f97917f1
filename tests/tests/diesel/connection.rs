//! A pooled connection is no channel: what tenant A leaves on it is harmless to tenant B.

use diesel::sql_types::{Integer, Text};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Pool},
};
use tenant_diesel::{Error, TenantDb, prelude::*, sql_query};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, invoices, projects};

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Text)]
    found: String,
}

/// What a session could have left behind, in one row.
const LEFT: &str = "
    SELECT pg_backend_pid() AS pid, concat_ws(' ',
        (SELECT string_agg(name, ',') FROM pg_cursors WHERE is_holdable),
        (SELECT string_agg(c, ',') FROM pg_listening_channels() c),
        nullif(current_setting('app.trace', true), ''),
        (SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() LIMIT 1),
        (SELECT string_agg(name, ',') FROM pg_prepared_statements WHERE name = 'hijacked')
    ) AS found";

const ATTACKS: [&str; 6] = [
    "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    "LISTEN channel",
    "SET SESSION app.trace = 'setting'",
    "SELECT pg_advisory_lock(1)",
    "PREPARE hijacked AS SELECT 1",
    "SELECT set_config('app.trace', 'function', false)",
];

async fn pool_of_one(shop: &Shop) -> TenantDb {
    TenantDb::builder(&TENANCY).max_connections(1).connect(shop.url()).await.unwrap()
}

async fn seen_by_b(shop: &Shop, db: &TenantDb) -> Session {
    let mut tx = db.begin(&shop.scope(&shop.b).await).await.unwrap();
    let session = sql_query(LEFT).get_result(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    session
}

/// Attack (types): raw SQL that leaves a setting, a role, a temporary object or a lock for the
/// next tenant (Diesel).
#[tokio::test]
async fn what_raw_sql_leaves_is_closed_with_its_connection() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    for attack in ATTACKS {
        let before = seen_by_b(&shop, &db).await;
        let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
        tx.raw_unchecked("the test's attack").batch_execute(attack).await.unwrap();
        tx.commit().await.unwrap();
        let after = seen_by_b(&shop, &db).await;
        assert_eq!(after.found, "", "{attack}");
        assert_ne!(after.pid, before.pid, "{attack}");
    }
}

/// Attack (types): a constant that leaves something behind, or controls the session (Diesel).
#[tokio::test]
async fn what_a_constant_leaves_is_closed_with_its_connection_or_does_not_run() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    for attack in ATTACKS {
        let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
        if let Err(error) = sql_query(attack).execute(&mut tx).await {
            assert!(matches!(Error::from(error), Error::RawSql { .. }), "{attack}");
            let controls = ["set", "prepare"].iter().any(|w| attack.to_lowercase().contains(w));
            assert!(controls, "{attack} was refused");
        }
        tx.commit().await.unwrap();
        assert_eq!(seen_by_b(&shop, &db).await.found, "", "{attack}");
    }
}

#[tokio::test]
async fn harmless_constants_keep_their_connection() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    let first = seen_by_b(&shop, &db).await;
    assert_eq!(seen_by_b(&shop, &db).await.pid, first.pid);
}

#[tokio::test]
async fn twin_on_a_plain_pool_every_one_of_them_stays() {
    let shop = Shop::open(&TENANCY).await;
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(shop.url());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    for attack in ATTACKS {
        let mut a = pool.get().await.unwrap();
        a.batch_execute(&format!("BEGIN; {attack}; COMMIT")).await.unwrap();
        drop(a);
        let mut b = pool.get().await.unwrap();
        let seen: Session =
            diesel_async::RunQueryDsl::get_result(diesel::sql_query(LEFT), &mut *b).await.unwrap();
        assert_ne!(seen.found, "", "{attack}");
    }
}

/// Attack (types): `DEALLOCATE`, `PREPARE` under a name that the driver has cached (Diesel).
#[tokio::test]
async fn a_hijacked_prepared_statement_does_not_reach_the_next_tenant() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    let sum = || invoices::table.select(invoices::amount).order(invoices::amount);
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    sum().load::<i32>(&mut tx).await.unwrap();
    tx.raw_unchecked("the test's attack").batch_execute(HIJACK).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.b).await).await.unwrap();
    assert_eq!(sum().load::<i32>(&mut tx).await.unwrap(), [1, 2, 3, 4, 5]);
}

/// Replaces every cached statement of one integer column by one that answers 666.
const HIJACK: &str = "
    DO $$ DECLARE s text; BEGIN
        FOR s IN SELECT name FROM pg_prepared_statements WHERE statement LIKE '%amount%' LOOP
            EXECUTE format('DEALLOCATE %I', s);
            EXECUTE format('PREPARE %I AS SELECT 666', s);
        END LOOP;
    END $$";

#[tokio::test]
async fn twin_on_a_plain_pool_the_hijacked_statement_answers() {
    let shop = Shop::open(&TENANCY).await;
    let manager =
        AsyncDieselConnectionManager::<AsyncPgConnection>::new(shop.database.superuser_url());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let sum = || invoices::table.select(invoices::amount).order(invoices::amount);
    let mut a = pool.get().await.unwrap();
    diesel_async::RunQueryDsl::load::<i32>(sum(), &mut *a).await.unwrap();
    a.batch_execute(HIJACK).await.unwrap();
    drop(a);
    let mut b = pool.get().await.unwrap();
    let seen = diesel_async::RunQueryDsl::load::<i32>(sum(), &mut *b).await.unwrap();
    assert_eq!(seen, [666]);
}

/// Attack (roles): a temporary table that takes the next tenant's rows (Diesel).
#[tokio::test]
async fn a_temporary_table_that_would_shadow_cannot_be_made() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    for attack in [
        "CREATE TEMP TABLE projects (id bigint, name text, tenant_id uuid)",
        "CREATE TABLE public.x ()",
        "SELECT lo_create(0)",
    ] {
        let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
        let refused =
            tx.raw_unchecked("the test's attack").batch_execute(attack).await.unwrap_err();
        let error = Error::classify(None, refused);
        assert!(matches!(error, Error::PermissionDenied { .. }), "{attack}: {error}");
    }
    let mut tx = db.begin(&shop.scope(&shop.b).await).await.unwrap();
    assert_eq!(projects::table.count().get_result::<i64>(&mut tx).await.unwrap(), 1);
}

#[tokio::test]
async fn twin_where_temporary_tables_may_be_made_one_takes_the_next_tenants_rows() {
    let shop = Shop::open(&TENANCY).await;
    let name = shop.database.name();
    let open = format!("GRANT TEMP ON DATABASE {name} TO {name}_tenant");
    tenant_core::SqlSession::batch(shop.database.session(), &open).await.unwrap();
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(shop.url());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let mut a = pool.get().await.unwrap();
    let shadow = format!("SET ROLE {name}_tenant; CREATE TEMP TABLE projects (name text)");
    a.batch_execute(&shadow).await.unwrap();
    drop(a);
    let mut b = pool.get().await.unwrap();
    b.batch_execute("INSERT INTO projects (name) VALUES ('taken')").await.unwrap();
    assert_eq!(shop.count("projects WHERE name = 'taken'").await, 0);
}

/// Attack (types): `set_config` inside of a typed query (Diesel).
#[tokio::test]
async fn sql_in_a_typed_query_is_looked_at_too() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of_one(&shop).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let lock = diesel::dsl::sql::<Text>("pg_advisory_lock(1)::text");
    projects::table.select(lock).load::<String>(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seen_by_b(&shop, &db).await.found, "");

    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let other = shop.b.to_string();
    let setting = "app.current_tenant_id";
    let literal = format!("set_config('{setting}', '{other}', true)");
    let literal = projects::table.select(diesel::dsl::sql::<Text>(&literal));
    let typed = || projects::table.select(set_config(setting, other.as_str(), true));
    for refused in [
        literal.load::<String>(&mut tx).await,
        typed().load::<String>(&mut tx).await,
        typed().load::<String>(&mut tx).await,
    ] {
        assert!(matches!(Error::from(refused.unwrap_err()), Error::RawSql { .. }));
    }
}

diesel::define_sql_function! {
    fn set_config(name: Text, value: Text, local: diesel::sql_types::Bool) -> Text;
}
