//! What goes wrong gets a clear error in bounded time, and the next call works.

use std::time::{Duration, Instant};

use tenant_core::Layout;
use tenant_diesel::{Error, PgSession, TenantDb, prelude::*};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, invoices, projects, undeclared};

const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_refused_login_is_told_at_once() {
    let shop = Shop::open(&TENANCY).await;
    let started = Instant::now();
    let url = shop.database.url("nobody_of_this_name");
    let error = TenantDb::connect(&url, &TENANCY).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    let error = PgSession::connect(url).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(started.elapsed() < BOUND);
}

#[tokio::test]
async fn an_address_without_a_server_is_told_at_once() {
    let started = Instant::now();
    let error = TenantDb::connect("postgres://x@127.0.0.1:1/x", &TENANCY).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    let error = TenantDb::connect("no address at all", &TENANCY).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(started.elapsed() < BOUND);
}

#[tokio::test]
async fn an_exhausted_pool_says_so_and_the_next_call_works() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::builder(&TENANCY)
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(3))
        .connect(shop.url())
        .await
        .unwrap();
    let scope = shop.scope(&shop.a).await;
    let tx = db.begin(&scope).await.unwrap();
    let error = db.begin(&scope).await.unwrap_err();
    assert!(matches!(error, Error::PoolExhausted { max: 1, .. }), "{error}");
    tx.commit().await.unwrap();
    db.begin(&scope).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_connection_lost_in_a_transaction_is_an_error_and_the_next_call_works() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    let mut tx = db.begin(&scope).await.unwrap();
    diesel::insert_into(projects::table)
        .values(projects::name.eq("lost"))
        .execute(&mut tx)
        .await
        .unwrap();
    proxy.cut();
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error}");
    db.begin(&scope).await.unwrap().commit().await.unwrap();
    assert_eq!(shop.count("projects WHERE name = 'lost'").await, 0);
}

#[tokio::test]
async fn a_commit_that_a_deferred_constraint_refuses_says_so_and_keeps_its_kind() {
    let shop = Shop::open(&TENANCY).await;
    let unique = "ALTER TABLE projects ADD UNIQUE (tenant_id, name) DEFERRABLE INITIALLY DEFERRED";
    tenant_core::SqlSession::batch(shop.database.session(), unique).await.unwrap();
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(shop.url()).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    for _ in 0..2 {
        let mut tx = db.begin(&scope).await.unwrap();
        let twice = vec![projects::name.eq("twice"), projects::name.eq("twice")];
        diesel::insert_into(projects::table).values(twice).execute(&mut tx).await.unwrap();
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::Commit { .. }), "{error}");
        let kind = diesel::result::Error::from(error);
        let unique = diesel::result::DatabaseErrorKind::UniqueViolation;
        assert!(matches!(kind, diesel::result::Error::DatabaseError(k, _) if k == unique));
    }
    assert_eq!(shop.count("projects WHERE name = 'twice'").await, 0);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for_forever() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let db = TenantDb::builder(&TENANCY)
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(3))
        .connect(proxy.url(&format!("{}_login", shop.database.name())))
        .await
        .unwrap();
    let scope = shop.scope(&shop.a).await;
    proxy.stall();
    let started = Instant::now();
    let error = db.begin(&scope).await.unwrap_err();
    assert!(matches!(error, Error::Begin { .. }), "{error}");
    assert!(started.elapsed() < BOUND);
    proxy.resume();
    db.begin(&scope).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_nested_transactions_own_error_is_kept_when_the_connection_is_gone() {
    #[derive(Debug)]
    enum Mine {
        Own,
        Theirs,
    }
    impl From<Error> for Mine {
        fn from(_: Error) -> Self {
            Self::Theirs
        }
    }
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let result = tx
        .transaction(async |_| -> Result<(), Mine> {
            proxy.cut();
            Err(Mine::Own)
        })
        .await;
    assert!(matches!(result, Err(Mine::Own)), "{result:?}");
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_is_replaced_unseen() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::builder(&TENANCY).max_connections(3).connect(shop.url()).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    let held = [
        db.begin(&scope).await.unwrap(),
        db.begin(&scope).await.unwrap(),
        db.begin(&scope).await.unwrap(),
    ];
    for tx in held {
        tx.commit().await.unwrap();
    }
    shop.ask(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE usename = '{}_login'",
        shop.database.name()
    ))
    .await;
    for _ in 0..3 {
        let mut tx = db.begin(&scope).await.unwrap();
        assert_eq!(invoices::table.count().get_result::<i64>(&mut tx).await.unwrap(), 5);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_closed_pool_says_so() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    let tx = db.begin(&scope).await.unwrap();
    db.close();
    tx.commit().await.unwrap();
    let error = db.begin(&scope).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_role_that_is_missing_opens_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let layout = Layout::new("nobody_of_this_name").unwrap();
    let refused = TenantDb::builder(&TENANCY).layout(layout.clone()).connect(shop.url()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::NotIsolated { .. }), "{error}");
    let db = TenantDb::builder(&TENANCY).layout(layout);
    let db = db.without_startup_check_unchecked("what would happen").connect(shop.url()).await;
    let error = db.unwrap().begin(&shop.scope(&shop.a).await).await.unwrap_err();
    assert!(matches!(error, Error::Begin { .. }), "{error}");
}

#[tokio::test]
async fn a_row_for_another_tenant_is_an_rls_violation() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let foreign = shop.b.as_uuid().unwrap();
    let refused = diesel::insert_into(projects::table)
        .values((projects::name.eq("x"), projects::tenant_id.eq(foreign)))
        .execute(&mut tx)
        .await
        .unwrap_err();
    match Error::classify(Some(tx.tenant_id()), refused) {
        Error::RlsViolation { tenant, table, .. } => {
            assert_eq!((tenant, table.as_deref()), (Some(shop.a.clone()), Some("projects")));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_row_cannot_be_moved_to_another_tenant() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let foreign = shop.b.as_uuid().unwrap();
    let refused = diesel::update(projects::table)
        .set(projects::tenant_id.eq(foreign))
        .execute(&mut tx)
        .await
        .unwrap_err();
    let error = Error::classify(None, refused);
    assert!(matches!(error, Error::RlsViolation { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_context_and_a_missing_grant_are_told_apart() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let mut raw = tx.raw_unchecked("the test");
    let unset = "SELECT set_config('app.current_tenant_id', '', true)";
    raw.batch_execute(unset).await.unwrap();
    let missing = invoices::table.count().get_result::<i64>(&mut tx).await.unwrap_err();
    let error = Error::classify(None, missing);
    assert!(matches!(error, Error::NoTenantContext { .. }), "{error}");

    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let mut raw = tx.raw_unchecked("the test");
    let query = undeclared::table.count();
    let denied = diesel_async::RunQueryDsl::get_result::<i64>(query, &mut raw).await.unwrap_err();
    let error = Error::classify(None, denied);
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
}

use diesel_async::SimpleAsyncConnection;
