//! Transactions whose `BEGIN` travels with the first statement.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{TryStreamExt, future::join};
use tenant_diesel::{Error, TenantTransaction, prelude::*, sql_query};
use tenant_tests::shop::Shop;
use tokio::time::timeout;

use crate::one::{LOOKED, One};
use crate::schema::{TENANCY, invoices, plans, projects};

/// Long enough for a message to leave, short enough not to matter.
const MOMENT: Duration = Duration::from_millis(100);

/// What becomes of the opening on its way, so that it fails, or succeeds and opens nothing.
const FAILURES: [(&str, &str, &str); 5] = [
    ("it does not parse", "BEGIN; DISCARD", "BEGIM; DISCARD"),
    ("at BEGIN", "BEGIN; DISCARD SEQUENCES; CLOSE ALL", "SELECT 1/0 /*  in place of BEGIN */"),
    ("without BEGIN", "BEGIN; DISCARD SEQUENCES", "DISCARD SEQUENCES       "),
    ("at the role", "DISCARD SEQUENCES", "SET LOCAL ROLE  x"),
    ("at the tenant", "SET LOCAL \"app\"", "SET LOCAL \"a p\""),
];

async fn insert_a_plan(tx: &mut TenantTransaction) -> QueryResult<usize> {
    let plan = (plans::id.eq(9), plans::name.eq("stray"), plans::price.eq(1));
    diesel::insert_into(plans::table).values(plan).execute(tx).await
}

/// Attack (types): an opening that fails ahead of a statement that is on its way already (Diesel).
#[tokio::test]
async fn a_statement_does_not_run_where_its_opening_failed() {
    let one = One::under_one_role().await;
    for cached in [false, true] {
        for (where_, from, to) in FAILURES {
            if cached {
                let mut tx = one.deferred().await;
                insert_a_plan(&mut tx).await.unwrap();
                tx.rollback().await.unwrap();
            }
            one.proxy.rewrite(from, to);
            let mut tx = one.deferred().await;
            one.proxy.reset();
            let error = Error::from(insert_a_plan(&mut tx).await.unwrap_err());
            assert!(matches!(error, Error::Begin { .. }), "{where_}: {error}");
            let sent = one.proxy.messages().join(" | ");
            assert!(sent.contains(if cached { "Bind" } else { "Parse" }), "{where_}: {sent}");
            // Nothing more runs on it.
            let error = Error::from(insert_a_plan(&mut tx).await.unwrap_err());
            assert!(matches!(error, Error::Closed { .. }), "{where_}: {error}");
            assert!(matches!(tx.commit().await, Err(Error::Closed { .. })), "{where_}");
            one.proxy.rewrite_nothing();
            assert_eq!(one.shop.count("plans WHERE name = 'stray'").await, 0, "{where_}");
            one.the_next_one_is_clean().await;
        }
    }
}

#[tokio::test]
async fn twin_without_the_guard_it_runs_and_is_committed() {
    let one = One::under_one_role().await;
    for (where_, from, to) in &FAILURES[..3] {
        let mut tx = one.deferred().await;
        insert_a_plan(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        one.proxy.rewrite(from, to);
        one.proxy.rewrite("pg_terminate_backend(", "abs(                 ");
        let mut tx = one.deferred().await;
        let _ = insert_a_plan(&mut tx).await;
        drop(tx);
        one.shop.left().await;
        assert_eq!(one.shop.count("plans WHERE name = 'stray'").await, 1, "{where_}");
        one.proxy.rewrite_nothing();
        one.shop.ask("DELETE FROM plans WHERE name = 'stray' RETURNING name").await;
    }
}

#[tokio::test]
async fn twin_on_diesels_own_connection_what_is_sent_behind_a_failed_opening_runs() {
    let (shop, layout) = Shop::under_one_role(&TENANCY).await;
    let url = shop.database.url(layout.roles().login());
    let connection = AsyncPgConnection::establish(&url).await.unwrap();
    let (mut first, mut second) = (&connection, &connection);
    let plan = (plans::id.eq(9), plans::name.eq("stray"), plans::price.eq(1));
    let insert = diesel::insert_into(plans::table).values(plan);
    let insert = diesel_async::RunQueryDsl::execute(insert, &mut second);
    let (opened, inserted) = join(first.batch_execute("BEGIM"), insert).await;
    opened.unwrap_err();
    inserted.unwrap();
    assert_eq!(shop.count("plans WHERE name = 'stray'").await, 1);
}

#[tokio::test]
async fn begin_rides_with_the_first_statement_whatever_that_is() {
    let one = One::open().await;
    for cached in [false, true] {
        let count = async |tx: &mut TenantTransaction| {
            invoices::table.count().get_result::<i64>(tx).await.unwrap()
        };
        let trips = |expected: usize, what: &str| {
            if cached {
                let (seen, said) = (one.proxy.round_trips(), one.proxy.messages());
                assert_eq!(seen, expected, "{what}: {said:#?}");
            }
            one.proxy.reset();
        };
        one.proxy.reset();
        let mut tx = one.deferred().await;
        trips(0, "nothing sent");
        assert_eq!(count(&mut tx).await, 5);
        trips(1, "a query");
        assert_eq!(count(&mut tx).await, 5);
        tx.commit().await.unwrap();
        trips(2, "another one, and the commit");

        let mut tx = one.deferred().await;
        let rows = invoices::table.select(invoices::id).load_stream::<i64>(&mut tx).await.unwrap();
        assert_eq!(rows.try_collect::<Vec<i64>>().await.unwrap().len(), 5);
        trips(1, "a stream");
        tx.rollback().await.unwrap();

        one.proxy.reset();
        let mut tx = one.deferred().await;
        tx.transaction(async |tx| QueryResult::Ok(count(tx).await)).await.unwrap();
        trips(3, "a nested transaction");
        tx.commit().await.unwrap();

        one.proxy.reset();
        let mut tx = one.deferred().await;
        let plans = plans::table.count().get_result::<i64>(&mut tx.shared()).await.unwrap();
        assert_eq!(plans, 2);
        trips(1, "a shared view");
        tx.commit().await.unwrap();
    }
    let mut tx = one.deferred().await;
    one.proxy.reset();
    tx.raw_unchecked("the test").batch_execute("DO $$ BEGIN ASSERT 1 = 1; END $$").await.unwrap();
    assert_eq!(one.proxy.round_trips(), 1, "{:#?}", one.proxy.messages());
    assert_eq!(one.proxy.accepted(), LOOKED + 1, "one connection did all of it");
}

#[tokio::test]
async fn without_a_statement_it_costs_nothing_and_gives_its_connection_back() {
    let one = One::open().await;
    one.proxy.reset();
    one.deferred().await.commit().await.unwrap();
    one.deferred().await.rollback().await.unwrap();
    drop(one.deferred().await);
    // Refused before anything is sent: it is still to be opened.
    let mut tx = one.deferred().await;
    sql_query("COMMIT").execute(&mut tx).await.unwrap_err();
    tx.commit().await.unwrap();
    assert_eq!(one.proxy.round_trips(), 0, "{:#?}", one.proxy.messages());
    one.the_next_one_is_clean().await;
    assert_eq!(one.proxy.accepted(), LOOKED + 1);
}

#[tokio::test]
async fn what_is_refused_is_refused_before_a_connection_is_taken() {
    let one = One::open().await;
    let error = one.db.begin_deferred(&one.shop.scope(&7.into()).await).await.unwrap_err();
    assert!(matches!(error, Error::Core(_)), "{error}");
    let _held = one.deferred().await;
    let error = one.db.begin_deferred(&one.shop.scope(&7.into()).await).await.unwrap_err();
    assert!(matches!(error, Error::Core(_)), "{error}");
}

#[tokio::test]
async fn a_failed_statement_leaves_it_open_and_aborted() {
    let one = One::open().await;
    let mut tx = one.deferred().await;
    let error = sql_query("SELECT 1/0 AS x").execute(&mut tx).await.unwrap_err();
    assert!(error.to_string().contains("zero"), "{error}");
    assert!(matches!(tx.commit().await, Err(Error::CommitAborted { .. })));
    one.the_next_one_is_clean().await;
    assert_eq!(one.proxy.accepted(), LOOKED + 1);
}

#[tokio::test]
async fn cancelled_before_the_answer_to_begin_it_is_closed() {
    let one = One::open().await;
    let mut tx = one.deferred().await;
    one.proxy.stall();
    assert!(timeout(MOMENT, insert_a_plan(&mut tx)).await.is_err());
    one.proxy.resume();
    let error = Error::from(insert_a_plan(&mut tx).await.unwrap_err());
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
    one.the_next_one_is_clean().await;
    one.shop.settled().await;
    assert_eq!(one.proxy.accepted(), LOOKED + 2, "the connection was not lent again");
}

#[tokio::test]
async fn cancelled_after_it_the_transaction_goes_on() {
    let one = One::open().await;
    let mut tx = one.deferred().await;
    let slow = sql_query("SELECT pg_sleep(1)");
    one.proxy.reset();
    tokio::select! {
        _ = slow.execute(&mut tx) => panic!("it sleeps"),
        // Opening and parsing; then it is executed, so the opening is confirmed.
        () = one.proxy.reached(2) => {}
    }
    assert_eq!(invoices::table.count().get_result::<i64>(&mut tx).await.unwrap(), 5);
    tx.commit().await.unwrap();
    assert_eq!(one.proxy.accepted(), LOOKED + 1);
}

#[tokio::test]
async fn killed_on_the_way_nothing_is_kept_and_nothing_sent_again() {
    let one = One::open().await;
    let mut tx = one.deferred().await;
    one.proxy.stall();
    one.proxy.reset();
    let insert = diesel::insert_into(projects::table).values(projects::name.eq("stray"));
    let cut = async {
        one.proxy.reached(1).await;
        one.proxy.cut();
        one.proxy.resume();
    };
    let (inserted, ()) = join(insert.execute(&mut tx), cut).await;
    let error = Error::from(inserted.unwrap_err());
    assert!(matches!(error, Error::Begin { .. }), "{error}");
    drop(tx);
    one.shop.settled().await;
    assert_eq!(one.shop.count("projects WHERE name = 'stray'").await, 0);
    assert_eq!(one.proxy.accepted(), LOOKED + 1, "nothing was sent on another connection");
    one.the_next_one_is_clean().await;
}
