//! Every error says what happened, comes in bounded time, and the next call works.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use std::time::{Duration, Instant};

use common::{
    A, B, TENANCY, World,
    entity::{customer, invoice, line_item, undeclared},
    scope,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectOptions, ConnectionTrait as _, DbErr,
    EntityTrait as _, SqlErr, TransactionSession, TransactionTrait as _,
};
use tenant_seaorm::{
    Error, PgSession, Principal, SqlRegistry, SqlSession as _, StaticRegistry, TenantDb, TenantId,
    TenantRecord, TenantScope, VerifyError,
};
use tokio::time::{sleep, timeout};

fn named(name: &str) -> customer::ActiveModel {
    customer::ActiveModel { name: Set(name.to_owned()), ..Default::default() }
}

#[tokio::test]
async fn a_stale_scope_and_a_foreign_key_are_refused_before_anything_is_sent() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let url = proxy.url(world.layout.roles().login());
    let strict = World::one().max_scope_age(Duration::ZERO).connect(url).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    proxy.reset();
    let error = strict.begin(&scope(A).await).await.unwrap_err();
    assert!(matches!(error, Error::Core(tenant_core::Error::StaleScope { .. })), "{error}");

    let number = TenantId::from(7);
    let registry = StaticRegistry::new([TenantRecord::new(number.clone(), "seven")]);
    let claim = TenantScope::claim(number, Principal::System("test".into()));
    let other = claim.verify(&registry).await.unwrap();
    let error = strict.begin(&other).await.unwrap_err();
    assert!(matches!(error, Error::Core(tenant_core::Error::WrongKey { .. })), "{error}");
    assert_eq!(proxy.round_trips(), 0, "{:?}", proxy.messages());
}

#[tokio::test]
async fn a_refused_login_is_told_at_once_and_without_the_password() {
    let world = World::new().await;
    let started = Instant::now();
    let url = world.db.url("nobody_at_all").replacen("nobody_at_all", "nobody_at_all:hunter2", 1);
    let error = TenantDb::connect(url, &TENANCY).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_in_bounded_time() {
    // A port that somebody had a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://x@127.0.0.1:{port}/x");
    let started = Instant::now();
    let connect = World::one().acquire_timeout(Duration::from_secs(1)).connect(url);
    let error = connect.await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "the reason, not a timeout: {error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    let error = TenantDb::connect("mysql://x@localhost/x", &TENANCY).await.unwrap_err();
    assert!(error.to_string().contains("postgres://"), "{error}");
}

#[tokio::test]
async fn an_exhausted_pool_is_told_in_bounded_time_and_recovers() {
    let world = World::new().await;
    let db =
        World::one().acquire_timeout(Duration::from_secs(3)).connect(world.url()).await.unwrap();
    let held = db.begin(&scope(A).await).await.unwrap();
    let error = db.begin(&scope(B).await).await.unwrap_err();
    assert!(matches!(error, Error::PoolExhausted { max: 1, .. }), "{error}");
    held.commit().await.unwrap();
    db.begin(&scope(B).await).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn dead_connections_are_replaced_before_anything_of_the_users_runs() {
    let world = World::new().await;
    let db = TenantDb::builder(&TENANCY).max_connections(3).connect(world.url()).await.unwrap();
    let mine = scope(A).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(db.begin(&mine).await.unwrap());
    }
    for tx in open {
        tx.commit().await.unwrap();
    }
    let kill = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{}'",
        world.layout.roles().login()
    );
    assert_eq!(world.number(&kill).await, 3);
    let tx = db.begin(&mine).await.unwrap();
    assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_broken_network_is_told_and_the_next_call_works() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    let mine = scope(A).await;

    // At rest: nobody notices.
    db.begin(&mine).await.unwrap().commit().await.unwrap();
    proxy.cut();
    let tx = db.begin(&mine).await.unwrap();

    // In a transaction: the query says so, and the commit knows that nothing was committed.
    named("lost").insert(&tx).await.unwrap();
    proxy.cut();
    let lost = invoice::Entity::find().all(&tx).await.unwrap_err();
    assert!(Error::find(&lost).is_none(), "the ORM's own error: {lost}");
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));

    // In the commit: nobody knows.
    let tx = db.begin(&mine).await.unwrap();
    named("unknown").insert(&tx).await.unwrap();
    proxy.reset();
    proxy.stall();
    let commit = tokio::spawn(tx.commit());
    proxy.reached(1).await;
    proxy.cut();
    let error = commit.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { tenant: Some(_), .. }), "{error}");
    proxy.resume();

    let tx = db.begin(&mine).await.unwrap();
    assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'lost'").await, 0);
}

#[tokio::test]
async fn a_server_that_does_not_answer_begin_is_told_in_bounded_time() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one()
        .acquire_timeout(Duration::from_secs(3))
        .connect(proxy.url(world.layout.roles().login()))
        .await
        .unwrap();
    proxy.stall();
    let begin = timeout(Duration::from_secs(20), db.begin(&scope(A).await));
    let error = begin.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Begin { .. }), "{error}");
    proxy.resume();
    db.begin(&scope(A).await).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_swallowed_error_is_no_commit() {
    let world = World::new().await;
    let db = world.connect_one().await;
    for nested in [false, true] {
        let tx = db.begin(&scope(A).await).await.unwrap();
        named("swallowed").insert(&tx).await.unwrap();
        if nested {
            let inner = tx.begin().await.unwrap();
            assert!(inner.raw("SELECT 1/0", []).execute().await.is_err());
            let error = inner.commit().await.unwrap_err();
            assert!(matches!(error, Error::CommitAborted { tenant: Some(_) }), "{error}");
            // It was rolled back to where it began, and the outer one goes on.
            assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
        }
        assert!(tx.raw("SELECT 1/0", []).execute().await.is_err());
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::CommitAborted { tenant: Some(_) }), "{error}");
    }
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'swallowed'").await, 0);
    world.settled().await;
}

/// The twin: SeaORM calls the rollback a success.
#[tokio::test]
async fn without_the_check_a_swallowed_error_is_called_a_commit() {
    let world = World::new().await;
    let db = sea_orm::Database::connect(world.db.superuser_url()).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO undeclared VALUES (1)").await.unwrap();
    assert!(tx.execute_unprepared("SELECT 1/0").await.is_err());
    tx.commit().await.expect("SeaORM has mended this: look at `COMMIT` again");
    assert_eq!(world.number("SELECT count(*) FROM undeclared").await, 0);
}

fn line(sku: &str) -> line_item::ActiveModel {
    line_item::ActiveModel { invoice_id: Set(1), sku: Set(sku.to_owned()), ..Default::default() }
}

#[tokio::test]
async fn a_commit_that_the_server_refuses_keeps_its_reason() {
    let world = World::new().await;
    let db = world.connect_one().await;
    for generic in [false, true] {
        let tx = db.begin(&scope(A).await).await.unwrap();
        line("twice").insert(&tx).await.unwrap();
        line("twice").insert(&tx).await.unwrap(); // the constraint is deferred
        let source = if generic {
            // Code written against SeaORM's traits reads the SQLSTATE as ever.
            TransactionSession::commit(tx).await.unwrap_err()
        } else {
            match tx.commit().await.unwrap_err() {
                Error::Commit { tenant: Some(_), source } => source,
                error => panic!("{error}"),
            }
        };
        assert!(matches!(source.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))), "{source}");
    }
    assert_eq!(world.number("SELECT count(*) FROM line_item").await, 0);
    db.begin(&scope(A).await).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn what_the_server_refuses_is_told_apart() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let verified = scope(A).await;

    let tx = db.begin(&verified).await.unwrap();
    let foreign = customer::ActiveModel { tenant_id: Set(B), ..named("smuggled") };
    let refused = foreign.insert(&tx).await.unwrap_err();
    match Error::classify(Some(tx.tenant_id()), refused) {
        Error::RlsViolation { tenant: Some(tenant), table: Some(table), .. } => {
            assert_eq!(tenant.as_uuid(), Some(A));
            assert_eq!(table, "customer");
        }
        error => panic!("{error}"),
    }
    tx.rollback().await.unwrap();

    let tx = db.begin(&verified).await.unwrap();
    let refused = undeclared::Entity::find().all(&tx).await.unwrap_err();
    assert!(matches!(Error::from(refused), Error::PermissionDenied { .. }));
    tx.rollback().await.unwrap();

    let tx = db.begin(&verified).await.unwrap();
    let forget = "SELECT set_config('app.current_tenant_id', '', true)";
    tx.raw_unchecked("this test").execute_unprepared(forget).await.unwrap();
    let refused = invoice::Entity::find().all(&tx).await.unwrap_err();
    assert!(matches!(Error::from(refused), Error::NoTenantContext { .. }));
    tx.rollback().await.unwrap();

    let tx = db.begin(&verified).await.unwrap();
    let other = tx.raw("SELECT 1/0", []).execute().await.unwrap_err();
    assert!(matches!(Error::from(other), Error::Orm(DbErr::Exec(_))));
    tx.rollback().await.unwrap();
}

/// Where the server has another language; it has none where its messages are not installed.
#[tokio::test]
async fn a_refused_row_is_known_in_whatever_language_the_server_speaks() {
    let world = World::new().await;
    let db = world.connect_one().await;
    for language in ["de_DE.UTF-8", "fr_FR.UTF-8", "ja_JP.UTF-8", "C"] {
        let set = format!("ALTER DATABASE {} SET lc_messages = '{language}'", world.db.name());
        if world.db.session().batch(&set).await.is_err() {
            continue; // this machine does not know the locale
        }
        let db = TenantDb::connect(world.url(), &TENANCY).await.unwrap();
        let tx = db.begin(&scope(A).await).await.unwrap();
        let foreign = customer::ActiveModel { tenant_id: Set(B), ..named("smuggled") };
        let refused = Error::from(foreign.insert(&tx).await.unwrap_err());
        let table = match &refused {
            Error::RlsViolation { table, .. } => table.as_deref(),
            error => panic!("{language}: {error}"),
        };
        assert_eq!(table, Some("customer"), "{language}: {refused}");
        tx.rollback().await.unwrap();
    }
    db.close().await;
}

#[tokio::test]
async fn the_login_can_do_nothing_by_itself() {
    let world = World::new().await;
    let db = sea_orm::Database::connect(world.url()).await.unwrap();
    let error = Error::from(invoice::Entity::find().all(&db).await.unwrap_err());
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
}

#[tokio::test]
async fn a_declaration_that_cannot_hold_is_told_before_anything_is_opened() {
    let world = World::new().await;
    let tenancy = tenant_seaorm::Tenancy::new(tenant_seaorm::TenantKey::Uuid)
        .shared_table(tenant_seaorm::TableName::new("plan"))
        .tenant_table(tenant_seaorm::TableName::new("plan"), None);
    let error = TenantDb::connect(world.url(), &tenancy).await.unwrap_err();
    assert!(matches!(error, Error::Core(_)), "{error}");
}

#[tokio::test]
async fn a_closed_pool_says_so() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let clone = db.clone();
    db.close().await;
    let error = clone.begin(&scope(A).await).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    let login = world.layout.roles().login();
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{login}'");
    for _ in 0..100 {
        if world.number(&left).await == 0 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("a connection is still open");
}

#[tokio::test]
async fn the_orms_options_are_kept() {
    let world = World::new().await;
    let mut options = ConnectOptions::new(world.url());
    options
        .max_connections(2)
        .set_application_name("shop")
        .statement_timeout(Duration::from_secs(1))
        .set_schema_search_path("public")
        .sqlx_logging(false);
    let db = TenantDb::connect(options, &TENANCY).await.unwrap();
    let tx = db.begin(&scope(A).await).await.unwrap();
    let name = tx.raw("SELECT current_setting('application_name')", []);
    assert_eq!(name.into_tuple::<String>().one().await.unwrap().unwrap(), "shop");
    assert!(tx.raw("SELECT pg_sleep(9)", []).execute().await.is_err(), "it times out");
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn tables_in_a_schema_of_the_layout_are_found() {
    let world = World::new().await;
    let admin = world.db.session();
    admin.batch("CREATE SCHEMA sales; ALTER TABLE invoice SET SCHEMA sales").await.unwrap();
    let roles = world.layout.roles();
    let tenant = roles.tenant().unwrap();
    admin.batch(&format!("GRANT USAGE ON SCHEMA sales TO {tenant}")).await.unwrap();
    let layout = world.layout.clone().schemas(["sales", "public"]).unwrap();
    let db = TenantDb::builder(&TENANCY).layout(layout).connect(world.url()).await.unwrap();
    let tx = db.begin(&scope(A).await).await.unwrap();
    assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_session_survives_its_own_mistakes() {
    let world = World::new().await;
    let session = PgSession::connect(&world.db.superuser_url()).await.unwrap();
    let error = session.batch("BEGIN; SELECT 1/0").await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("22012"));
    session.batch("BEGIN; INSERT INTO undeclared VALUES (5)").await.unwrap();
    for _ in 0..4 {
        let rows = session.rows("SELECT $1 AS a, $2::int + 1 AS b", &["x", "1"]).await.unwrap();
        assert_eq!(rows[0]["a"], "x");
        assert_eq!(rows[0]["b"], 2);
    }
    assert!(session.rows("SELECT 1/0", &[]).await.is_err());
    let left = session.rows("SELECT id FROM undeclared", &[]).await.unwrap();
    assert!(left.is_empty(), "a batch that did not commit has not committed");
    session.close().await;
}

#[tokio::test]
async fn the_registry_in_the_database_verifies() {
    let world = World::new().await;
    let admin = PgSession::connect(&world.db.superuser_url()).await.unwrap();
    let rows = format!(
        "INSERT INTO tenancy.tenants (id, slug, name) VALUES ('{A}', 'acme', 'Acme');
         INSERT INTO tenancy.members VALUES ('{A}', 'alice')"
    );
    admin.batch(&rows).await.unwrap();
    let url = world.db.url(world.layout.roles().registry());
    let registry = SqlRegistry::new(PgSession::connect(&url).await.unwrap());
    let claim = |user: &str| TenantScope::claim(A, Principal::User(user.into()));
    let verified = claim("alice").verify(&registry).await.unwrap();
    assert_eq!(verified.record().name, "Acme");
    let stranger = claim("mallory").verify(&registry).await;
    assert!(matches!(stranger, Err(VerifyError::NotMember(_))));
    let db = world.connect_one().await;
    let tx = db.begin(&verified).await.unwrap();
    assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}
