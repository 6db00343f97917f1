//! Sync Diesel over r2d2: the same guarantees with the same names.

use std::{panic::AssertUnwindSafe, time::Duration};

use diesel::{
    pg::PgRowByRowLoadingMode,
    sql_types::{Integer, Text},
};
use tenant_diesel::{
    Error, Principal, SqlRegistry, StaticRegistry, TenantId, TenantRecord, TenantScope, Verified,
    VerifyError,
    blocking::{self, PgSession, TenantDb, TenantTransaction, prelude::*},
    sql_query,
};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, features, invoices, plans, projects};

/// A shop that was opened on a runtime, which is gone by now: nothing below is async.
fn open() -> Shop {
    on_runtime(Shop::open(&TENANCY))
}

fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn count(shop: &Shop, what: &str) -> i64 {
    on_runtime(shop.count(what))
}

fn scope(tenant: &TenantId) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(tenant.clone(), "tenant")]);
    let claim = TenantScope::claim(tenant.clone(), Principal::System("test".into()));
    blocking::verify(claim, &registry).unwrap()
}

fn pool_of_one(url: String) -> TenantDb {
    TenantDb::builder(&TENANCY).max_connections(1).connect(url).unwrap()
}

fn insert(tx: &mut TenantTransaction, name: &str) -> QueryResult<usize> {
    diesel::insert_into(projects::table).values(projects::name.eq(name)).execute(tx)
}

#[test]
fn queries_of_every_kind_run() -> QueryResult<()> {
    let shop = open();
    let db = TenantDb::connect(shop.url(), &TENANCY)?;
    let mut tx = db.begin(&scope(&shop.a))?;
    let c = &mut tx;
    assert_eq!(invoices::table.count().get_result::<i64>(c)?, 5);
    let first: i32 = invoices::table.select(invoices::amount).order(invoices::amount).first(c)?;
    assert_eq!(first, 1);
    let iter = invoices::table.select(invoices::amount).order(invoices::amount);
    let rows: Vec<i32> =
        iter.load_iter::<i32, PgRowByRowLoadingMode>(c)?.collect::<QueryResult<_>>()?;
    assert_eq!(rows, [1, 2, 3, 4, 5]);
    let boxed: Vec<i64> = invoices::table.select(invoices::id).into_boxed().load(c)?;
    assert_eq!(boxed.len(), 5);
    let ids = invoices::table.select(invoices::id).union_all(projects::table.select(projects::id));
    assert_eq!(ids.gated().load::<i64>(c)?.len(), 6);
    let used: Vec<(i32, String)> = plans::table
        .inner_join(features::table)
        .select((plans::id, features::code))
        .load(&mut c.shared())?;
    assert_eq!(used.len(), 3);
    let total: Total =
        sql_query("SELECT sum(amount)::int AS total FROM invoices WHERE amount > $1")
            .bind::<Integer, _>(3)
            .get_result(c)?;
    assert_eq!(total.total, 9);
    tx.commit()?;

    let mut shared = db.shared()?;
    diesel::insert_into(plans::table)
        .values((plans::id.eq(3), plans::name.eq("max"), plans::price.eq(20)))
        .on_conflict_do_nothing()
        .scanned()
        .execute(&mut shared)?;
    shared.commit()?;
    assert_eq!(count(&shop, "plans"), 3);
    Ok(())
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = Integer)]
    total: i32,
}

#[test]
fn a_transaction_keeps_undoes_and_nests() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let a = scope(&shop.a);
    db.transaction(&a, |tx| -> QueryResult<()> {
        insert(tx, "kept")?;
        let undone = tx.transaction(|tx| -> QueryResult<()> {
            insert(tx, "undone")?;
            sql_query("SELECT 1/0").execute(tx).map(drop)
        });
        assert!(undone.is_err());
        tx.transaction(|tx| insert(tx, "nested")).map(drop)
    })
    .unwrap();
    let refused = db.transaction(&a, |tx| -> QueryResult<()> {
        insert(tx, "undone")?;
        Err(diesel::result::Error::RollbackTransaction)
    });
    assert!(refused.is_err());
    for (name, rows) in [("kept", 1), ("nested", 1), ("undone", 0)] {
        assert_eq!(count(&shop, &format!("projects WHERE name = '{name}'")), rows, "{name}");
    }
}

#[test]
fn a_swallowed_error_makes_the_commit_an_error() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    insert(&mut tx, "lost").unwrap();
    sql_query("SELECT 1/0").execute(&mut tx).unwrap_err();
    assert!(matches!(tx.commit(), Err(Error::CommitAborted { .. })));
    let nested = db.transaction(&scope(&shop.b), |tx| -> Result<(), Error> {
        let inner = tx.transaction(|tx| -> Result<(), Error> {
            sql_query("SELECT 1/0").execute(tx).unwrap_err();
            Ok(())
        });
        assert!(matches!(inner, Err(Error::CommitAborted { .. })), "{inner:?}");
        insert(tx, "outer")?;
        Ok(())
    });
    nested.unwrap();
    assert_eq!(count(&shop, "projects WHERE name = 'lost'"), 0);
    assert_eq!(count(&shop, "projects WHERE name = 'outer'"), 1);
}

#[test]
fn a_setting_changed_inside_a_nested_transaction_does_not_stay() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    let switch = format!("SELECT set_config('app.current_tenant_id', '{}', true)", shop.b);
    tx.transaction(|tx| tx.raw_unchecked("the test's attack").batch_execute(&switch)).unwrap();
    insert(&mut tx, "whose").unwrap();
    tx.commit().unwrap();
    let whose = on_runtime(shop.ask("SELECT tenant_id FROM projects WHERE name = 'whose'"));
    assert_eq!(whose, shop.a.to_string());
}

#[test]
fn a_dropped_transaction_is_undone_and_its_connection_closed() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    insert(&mut tx, "dropped").unwrap();
    drop(tx);
    on_runtime(shop.settled());
    let mut tx = db.begin(&scope(&shop.b)).unwrap();
    let whose: Vec<uuid::Uuid> =
        projects::table.select(projects::tenant_id).distinct().load(&mut tx).unwrap();
    assert_eq!(whose, [shop.b.as_uuid().unwrap()]);
    assert_eq!(count(&shop, "projects WHERE name = 'dropped'"), 0);
}

#[test]
fn a_panic_in_a_nested_transaction_leaves_nothing_usable_and_nothing_kept() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        tx.transaction(|tx| -> QueryResult<()> {
            insert(tx, "half").unwrap();
            panic!("the test's")
        })
    }));
    assert!(panicked.is_err());
    let error = Error::from(insert(&mut tx, "more").unwrap_err());
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    assert!(tx.commit().is_err());
    db.begin(&scope(&shop.b)).unwrap().commit().unwrap();
    assert_eq!(count(&shop, "projects WHERE name IN ('half', 'more')"), 0);
}

#[test]
fn what_raw_sql_leaves_is_closed_with_its_connection() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let left = || {
        let mut tx = db.begin(&scope(&shop.b)).unwrap();
        let found: Left =
            sql_query("SELECT coalesce(current_setting('app.trace', true), '') AS found")
                .get_result(&mut tx)
                .unwrap();
        tx.commit().unwrap();
        found.found
    };
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    tx.raw_unchecked("the test's attack").batch_execute("SET SESSION app.trace = 'x'").unwrap();
    tx.commit().unwrap();
    assert_eq!(left(), "");
    let mut tx = db.begin(&scope(&shop.a)).unwrap();
    let refused = sql_query("SET SESSION app.trace = 'x'").execute(&mut tx).unwrap_err();
    assert!(matches!(Error::from(refused), Error::RawSql { .. }));
    tx.commit().unwrap();
    assert_eq!(left(), "");
}

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Text)]
    found: String,
}

#[test]
fn what_goes_wrong_is_told_and_the_next_call_works() {
    let shop = open();
    let refused = TenantDb::connect(shop.database.url("nobody_of_this_name"), &TENANCY);
    assert!(matches!(refused, Err(Error::Connect { .. })));
    let db = TenantDb::builder(&TENANCY)
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(3))
        .connect(shop.url())
        .unwrap();
    let a = scope(&shop.a);
    let held = db.begin(&a).unwrap();
    assert!(matches!(db.begin(&a), Err(Error::PoolExhausted { max: 1, .. })));
    held.commit().unwrap();

    let mut tx = db.begin(&a).unwrap();
    let foreign = shop.b.as_uuid().unwrap();
    let refused = diesel::insert_into(projects::table)
        .values((projects::name.eq("x"), projects::tenant_id.eq(foreign)))
        .execute(&mut tx)
        .unwrap_err();
    let error = Error::classify(Some(tx.tenant_id()), refused);
    assert!(matches!(error, Error::RlsViolation { .. }), "{error}");
    drop(tx);

    let mut shared = db.shared().unwrap();
    let query = plans::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("exists(select 1 from invoices)"));
    let error = Error::from(query.count().get_result::<i64>(&mut shared).unwrap_err());
    assert!(matches!(error, Error::TenantTable { .. }), "{error}");
    shared.rollback().unwrap();
    db.begin(&a).unwrap().commit().unwrap();
}

#[test]
fn a_connection_that_died_in_the_pool_is_replaced_unseen() {
    let shop = open();
    let db = pool_of_one(shop.url());
    let a = scope(&shop.a);
    db.begin(&a).unwrap().commit().unwrap();
    let name = shop.database.name();
    on_runtime(shop.ask(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE usename = '{name}_login'"
    )));
    db.begin(&a).unwrap().commit().unwrap();
}

#[test]
fn a_transaction_with_one_query_costs_three_round_trips() {
    let shop = open();
    let proxy = shop.database.proxy_blocking().unwrap();
    let db = pool_of_one(proxy.url(&format!("{}_login", shop.database.name())));
    let a = scope(&shop.a);
    for statement_is_cached in [false, true] {
        proxy.reset();
        let mut tx = db.begin(&a).unwrap();
        invoices::table.count().get_result::<i64>(&mut tx).unwrap();
        tx.commit().unwrap();
        if statement_is_cached {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
    }
}

#[test]
fn the_registry_is_asked_without_a_runtime() {
    let shop = open();
    let id = shop.a.to_string();
    shop.database
        .session()
        .batch_blocking(&format!(
            "INSERT INTO tenancy.tenants (id, slug, name) VALUES ('{id}', 'acme', 'Acme');
             INSERT INTO tenancy.members VALUES ('{id}', 'alice')"
        ))
        .unwrap();
    let url = shop.database.url(&format!("{}_registry", shop.database.name()));
    let registry = SqlRegistry::new(PgSession::connect(url).unwrap());
    let claim = |user: &str| TenantScope::claim(shop.a.clone(), Principal::User(user.into()));
    let scope = blocking::verify(claim("alice"), &registry).unwrap();
    assert_eq!(scope.record().slug, "acme");
    let refused = blocking::verify(claim("mallory"), &registry);
    assert!(matches!(refused, Err(VerifyError::NotMember(_))));
}
