//! Transactions that PostgreSQL may refuse for what they have read: the watch gives it no reason to.

use tenant_core::{AdoptWatch, SessionError, SqlSession};
use tenant_testkit::TestDatabase;

use super::{name, report, seen, watched};

/// A transaction that has set this tenant.
async fn begin(db: &TestDatabase, tenant: &str) -> Box<dyn SqlSession> {
    let session = db.session().dedicated().await.unwrap();
    let set = format!("SELECT set_config('app.current_tenant_id', '{tenant}', true)");
    session.batch(&format!("BEGIN ISOLATION LEVEL SERIALIZABLE; {set}")).await.unwrap();
    session
}

/// The first that is refused.
async fn commit(sessions: [&dyn SqlSession; 2]) -> Result<(), SessionError> {
    for session in sessions {
        session.batch("COMMIT").await?;
    }
    Ok(())
}

fn refused(done: Result<(), SessionError>) -> bool {
    done.is_err_and(|why| why.sqlstate.as_deref() == Some("40001"))
}

/// Each is recorded while the other is open. The twin counts what was recorded before.
#[tokio::test]
async fn two_that_are_recorded_at_once_both_commit() {
    let db = watched().await;
    let both = async |ids: [i32; 2]| {
        let (one, two) = (begin(&db, "").await, begin(&db, "").await);
        one.batch(&format!("INSERT INTO customers VALUES ({}, 1)", ids[0])).await?;
        two.batch(&format!("INSERT INTO customers VALUES ({}, 1)", ids[1])).await?;
        commit([&*one, &*two]).await
    };
    both([30, 40]).await.unwrap();
    assert_eq!(seen(&db).await, ["customers INSERT no tenant 2/2"]);
    let counts = "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
          'BEGIN PERFORM count(*) FROM tenancy_watch.log; RETURN NULL; END';
        CREATE TRIGGER counts AFTER INSERT ON customers FOR EACH STATEMENT EXECUTE FUNCTION counts()";
    db.session().batch(counts).await.unwrap();
    assert!(refused(both([50, 60]).await));
}

/// One has read what the other writes, which is no reason yet; with a look at the table on the way, as the twin has it,
/// it would be.
#[tokio::test]
async fn a_row_on_the_way_is_not_looked_at() {
    let db = watched().await;
    let both = async || {
        let (one, two) = (begin(&db, "1").await, begin(&db, "1").await);
        two.batch("SELECT cents FROM lines WHERE id = 1").await?;
        one.batch("UPDATE lines SET cents = 1 WHERE id = 1").await?;
        two.batch("UPDATE invoices SET note = 'x' WHERE id = 1").await?;
        commit([&*one, &*two]).await
    };
    both().await.unwrap();
    // What can be judged by the row itself still is.
    let own = begin(&db, "2").await;
    own.batch("UPDATE lines SET cents = 3; UPDATE invoices SET note = 'y'; COMMIT").await.unwrap();
    assert_eq!(seen(&db).await, ["invoices UPDATE other tenant 1/1"]);
    let looks = "CREATE FUNCTION looks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
          'BEGIN PERFORM tenant_id FROM public.invoices; RETURN NULL; END';
        CREATE TRIGGER looks AFTER UPDATE ON lines FOR EACH STATEMENT EXECUTE FUNCTION looks()";
    db.session().batch(looks).await.unwrap();
    assert!(refused(both().await));
}

/// Also where every transaction is serializable by default, a report's own is not. The twin empties the log as one.
#[tokio::test]
async fn a_report_in_between_fails_nobody() {
    let db = watched().await;
    let by_default =
        format!("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'", db.name());
    db.session().batch(&by_default).await.unwrap();
    // It has read what somebody has written and committed since, when its own record is read.
    let writer = async |id: i32| {
        let (one, two) = (begin(&db, "").await, begin(&db, "").await);
        one.batch("SELECT note FROM invoices").await.unwrap();
        two.batch("UPDATE invoices SET note = 'x' WHERE id = 1; COMMIT").await.unwrap();
        one.batch(&format!("INSERT INTO customers VALUES ({id}, 1)")).await.unwrap();
        one
    };
    let one = writer(30).await;
    report(&db).await;
    one.batch("COMMIT").await.unwrap();
    assert_eq!(
        seen(&db).await,
        ["customers INSERT no tenant 1/1", "invoices UPDATE no tenant 1/1"]
    );
    let one = writer(40).await;
    let naive = db.session().dedicated().await.unwrap();
    naive.batch("DELETE FROM tenancy_watch.log").await.unwrap();
    assert!(refused(one.batch("COMMIT").await));
}

/// A record waits with its transaction until somebody decides.
#[tokio::test]
#[ignore = "wants a server with max_prepared_transactions: TENANT_TEST_DATABASE_URL=… cargo test -p tenant-core --test adopt -- --ignored prepared"]
async fn a_prepared_transaction_is_recorded_when_it_is_committed() {
    let db = watched().await;
    let prepared = |id: i32| format!("'{}_{id}'", db.name());
    for id in [30, 40] {
        let session = begin(&db, "").await;
        let sql =
            format!("INSERT INTO customers VALUES ({id}, 1); PREPARE TRANSACTION {}", prepared(id));
        session.batch(&sql).await.unwrap();
    }
    assert_eq!(seen(&db).await, [] as [&str; 0]);
    let off = AdoptWatch::new(db.session()).off(&[name("customers")]).await;
    assert!(off.unwrap_err().to_string().contains("55P03"));
    db.session().batch(&format!("COMMIT PREPARED {}", prepared(30))).await.unwrap();
    db.session().batch(&format!("ROLLBACK PREPARED {}", prepared(40))).await.unwrap();
    assert_eq!(seen(&db).await, ["customers INSERT no tenant 1/1"]);
}
