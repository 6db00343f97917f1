//! What a tenant's transaction keeps, loses and refuses.

use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tenant_diesel::{
    Error, TenantDb, TenantTransaction, TransactionOptions, prelude::*, sql_query,
};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, invoices, projects};

async fn insert(tx: &mut TenantTransaction, name: &str) -> QueryResult<usize> {
    diesel::insert_into(projects::table).values(projects::name.eq(name)).execute(tx).await
}

/// Fails in the database: the division aborts the transaction.
async fn fail(tx: &mut TenantTransaction) -> QueryResult<usize> {
    sql_query("SELECT 1/0").execute(tx).await
}

async fn open() -> (Shop, TenantDb) {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    (shop, db)
}

#[tokio::test]
async fn a_commit_keeps_and_a_rollback_undoes() {
    let (shop, db) = open().await;
    let scope = shop.scope(&shop.a).await;
    let mut tx = db.begin(&scope).await.unwrap();
    insert(&mut tx, "kept").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin(&scope).await.unwrap();
    insert(&mut tx, "undone").await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(shop.count("projects WHERE name = 'kept'").await, 1);
    assert_eq!(shop.count("projects WHERE name = 'undone'").await, 0);
}

#[tokio::test]
async fn the_closure_decides_between_commit_and_rollback() {
    let (shop, db) = open().await;
    let scope = shop.scope(&shop.a).await;
    db.transaction(&scope, async |tx| -> QueryResult<usize> { insert(tx, "kept").await })
        .await
        .unwrap();
    let refused = db
        .transaction(&scope, async |tx| -> QueryResult<()> {
            insert(tx, "undone").await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(matches!(refused, Err(diesel::result::Error::RollbackTransaction)));
    assert_eq!(shop.count("projects WHERE name = 'kept'").await, 1);
    assert_eq!(shop.count("projects WHERE name = 'undone'").await, 0);
}

#[tokio::test]
async fn a_swallowed_error_makes_the_commit_an_error() {
    let (shop, db) = open().await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    insert(&mut tx, "lost").await.unwrap();
    fail(&mut tx).await.unwrap_err();
    assert!(matches!(tx.commit().await, Err(Error::CommitAborted { .. })));
    assert_eq!(shop.count("projects WHERE name = 'lost'").await, 0);

    // The pool goes on with the same connection.
    let mut tx = db.begin(&shop.scope(&shop.b).await).await.unwrap();
    insert(&mut tx, "next").await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn twin_diesels_own_transaction_loses_the_write_and_says_ok() {
    let shop = Shop::open(&TENANCY).await;
    let mut plain = AsyncPgConnection::establish(&shop.database.superuser_url()).await.unwrap();
    let said = plain
        .transaction(async |c| -> QueryResult<()> {
            c.batch_execute("INSERT INTO plans VALUES (9, 'lost', 0)").await?;
            c.batch_execute("SELECT 1/0").await.unwrap_err();
            Ok(())
        })
        .await;
    assert!(said.is_ok());
    assert_eq!(shop.count("plans WHERE id = 9").await, 0);
}

#[tokio::test]
async fn a_nested_transaction_is_kept_or_undone_by_itself() {
    let (shop, db) = open().await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    insert(&mut tx, "outer").await.unwrap();
    tx.transaction(async |tx| -> QueryResult<()> {
        insert(tx, "kept").await?;
        let undone = tx
            .transaction(async |tx| -> QueryResult<()> {
                insert(tx, "undone").await?;
                fail(tx).await.map(drop)
            })
            .await;
        assert!(undone.is_err());
        insert(tx, "after").await.map(drop)
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    for (name, rows) in [("outer", 1), ("kept", 1), ("undone", 0), ("after", 1)] {
        assert_eq!(shop.count(&format!("projects WHERE name = '{name}'")).await, rows, "{name}");
    }
}

#[tokio::test]
async fn an_error_swallowed_in_a_nested_transaction_is_an_error_of_that_one() {
    let (shop, db) = open().await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let nested = tx
        .transaction(async |tx| -> Result<(), Error> {
            insert(tx, "inner").await?;
            fail(tx).await.unwrap_err();
            Ok(())
        })
        .await;
    assert!(matches!(nested, Err(Error::CommitAborted { .. })), "{nested:?}");
    insert(&mut tx, "outer").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.count("projects WHERE name = 'inner'").await, 0);
    assert_eq!(shop.count("projects WHERE name = 'outer'").await, 1);
}

#[tokio::test]
async fn a_setting_changed_inside_a_nested_transaction_does_not_stay() {
    let (shop, db) = open().await;
    let switch = format!("SELECT set_config('app.current_tenant_id', '{}', true)", shop.b);
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    tx.transaction(async |tx| -> QueryResult<()> {
        tx.raw_unchecked("the test's attack").batch_execute(&switch).await
    })
    .await
    .unwrap();
    insert(&mut tx, "whose").await.unwrap();
    tx.commit().await.unwrap();
    let whose = shop.ask("SELECT tenant_id FROM projects WHERE name = 'whose'").await;
    assert_eq!(whose, shop.a.to_string());
}

#[tokio::test]
async fn twin_after_a_plain_release_the_changed_setting_stays() {
    let shop = Shop::open(&TENANCY).await;
    let switch = |id: &str| format!("SELECT set_config('app.current_tenant_id', '{id}', true)");
    let mut plain = AsyncPgConnection::establish(&shop.database.superuser_url()).await.unwrap();
    let (a, b) = (switch(&shop.a.to_string()), switch(&shop.b.to_string()));
    plain
        .batch_execute(&format!(
            "BEGIN; {a}; SAVEPOINT s; {b}; RELEASE SAVEPOINT s; \
             INSERT INTO projects (name) VALUES ('whose'); COMMIT"
        ))
        .await
        .unwrap();
    let whose = shop.ask("SELECT tenant_id FROM projects WHERE name = 'whose'").await;
    assert_eq!(whose, shop.b.to_string());
}

#[tokio::test]
async fn a_dropped_transaction_is_undone_and_frees_its_locks() {
    let (shop, db) = open().await;
    let scope = shop.scope(&shop.a).await;
    let mut tx = db.begin(&scope).await.unwrap();
    insert(&mut tx, "dropped").await.unwrap();
    diesel::update(invoices::table).set(invoices::amount.eq(0)).execute(&mut tx).await.unwrap();
    drop(tx);
    shop.settled().await;
    assert_eq!(shop.count("projects WHERE name = 'dropped'").await, 0);
    let mut tx = db.begin(&scope).await.unwrap();
    diesel::update(invoices::table).set(invoices::amount.eq(1)).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_raw_commit_ends_the_scope_and_the_rest_is_refused() {
    let (shop, db) = open().await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    tx.raw_unchecked("the test's attack").batch_execute("COMMIT").await.unwrap();
    let count = invoices::table.count().get_result::<i64>(&mut tx).await;
    let error = Error::classify(None, count.unwrap_err());
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
    assert!(tx.commit().await.is_err());
}

#[tokio::test]
async fn a_stale_scope_opens_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::builder(&TENANCY)
        .max_scope_age(std::time::Duration::ZERO)
        .connect(shop.url())
        .await
        .unwrap();
    let error = db.begin(&shop.scope(&shop.a).await).await.unwrap_err();
    assert!(error.to_string().contains("verify it again"), "{error}");
}

#[tokio::test]
async fn another_kind_of_key_opens_nothing() {
    let (shop, db) = open().await;
    let error = db.begin(&shop.scope(&7.into()).await).await.unwrap_err();
    assert!(matches!(error, Error::Core(tenant_core::Error::WrongKey { .. })), "{error}");
}

#[tokio::test]
async fn options_reach_the_server() {
    let (shop, db) = open().await;
    let scope = shop.scope(&shop.a).await;
    let options = TransactionOptions::default().repeatable_read().read_only();
    let mut tx = db.begin_with(&scope, options).await.unwrap();
    let level = sql_query("SELECT current_setting('transaction_isolation') AS text");
    assert_eq!(level.get_result::<OneText>(&mut tx).await.unwrap().text, "repeatable read");
    let refused = insert(&mut tx, "x").await.unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
}

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Text)]
    text: String,
}
