//! Whatever is wrong with the recorder, the application does not notice.

use std::time::Duration;

use tenant_core::{AdoptWatch, SqlSession, WatchReason};

use super::{TABLES, by, isolation, name, report, seen, text, watched};
use crate::fixture::database;

#[tokio::test]
async fn a_writer_needs_no_rights_and_is_named() {
    let db = watched().await;
    let (login, role) = (format!("{}_clerk", db.name()), format!("{}_clerks", db.name()));
    let rights = format!(
        "CREATE ROLE {login} LOGIN; CREATE ROLE {role}; GRANT {role} TO {login};
         GRANT INSERT ON customers TO {login}, {role}"
    );
    db.session().batch(&rights).await.unwrap();
    let clerk = db.session_as(&login);
    by(&clerk, "", "INSERT INTO customers VALUES (30, 1)").await;
    let as_role = format!(
        "SET LOCAL application_name = 'till'; SET LOCAL ROLE {role}; INSERT INTO customers VALUES (31, 1)"
    );
    by(&clerk, "", &as_role).await;
    // It can neither read the log nor write to it.
    for sql in ["SELECT * FROM tenancy_watch.log", "SELECT tenancy_watch.shape('x')"] {
        let refused = clerk.batch(sql).await.unwrap_err();
        assert_eq!(refused.sqlstate.as_deref(), Some("42501"), "{refused}");
    }
    let writes = report(&db).await.writes;
    let who: Vec<_> = writes.iter().map(|w| (&*w.login, &*w.role, &*w.application)).collect();
    assert!(who.contains(&(&*login, &*role, "till")), "{who:?}");
    assert!(who.iter().any(|(l, r, _)| *l == login && *r == login), "{who:?}");
    let of_nobody = AdoptWatch::new(db.session()).login("nobody").report().await.unwrap();
    assert!(of_nobody.writes.is_empty());
    let later = AdoptWatch::new(db.session()).since("tomorrow").report().await.unwrap();
    assert!(later.writes.is_empty());
    AdoptWatch::new(db.session()).off(&[]).await.unwrap();
    let drop = format!("DROP OWNED BY {login}, {role}; DROP ROLE {login}, {role}");
    clerk.close().await;
    db.session().batch(&drop).await.unwrap();
}

/// The twin: a trigger that catches nothing refuses the write.
#[tokio::test]
async fn a_broken_recorder_refuses_nothing() {
    let db = watched().await;
    let session = db.session();
    let broken = "CREATE OR REPLACE FUNCTION tenancy_watch.note(schema_name name, table_name name, operation text, reason text, rows bigint)
        RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'";
    session.batch(broken).await.unwrap();
    by(session, "", "INSERT INTO customers VALUES (30, 1)").await;
    assert_eq!(seen(&db).await, [] as [&str; 0]);
    let twin = "CREATE FUNCTION careless() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM tenancy_watch.note(''s'', ''t'', ''o'', ''r'', 1); RETURN NULL; END';
        CREATE TRIGGER careless AFTER INSERT ON customers FOR EACH STATEMENT EXECUTE FUNCTION careless()";
    session.batch(twin).await.unwrap();
    let refused = session.batch("INSERT INTO customers VALUES (31, 1)").await.unwrap_err();
    assert!(refused.to_string().contains("broken"), "{refused}");
}

/// A log that is gone, and one that somebody has locked.
#[tokio::test]
async fn a_log_out_of_reach_refuses_nothing() {
    let db = watched().await;
    let locker = db.session().dedicated().await.unwrap();
    locker.batch("BEGIN; LOCK TABLE tenancy_watch.log IN ACCESS EXCLUSIVE MODE").await.unwrap();
    by(db.session(), "", "INSERT INTO customers VALUES (30, 1)").await;
    locker.batch("DROP TABLE tenancy_watch.log; COMMIT").await.unwrap();
    by(db.session(), "", "INSERT INTO customers VALUES (31, 1)").await;
    assert_eq!(text(db.session(), "SELECT count(*) FROM customers").await, "4");
}

/// What was found when it was switched on is not there any more.
#[tokio::test]
async fn what_cannot_be_judged_is_recorded_as_such() {
    let db = watched().await;
    db.session().batch("ALTER TABLE customers RENAME store TO shop").await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (30, 1)").await;
    assert_eq!(report(&db).await.writes[0].reason, WatchReason::NotJudged("42703".to_owned()));
    // And looked at anew.
    let isolation = isolation(&db);
    let watch = AdoptWatch::new(db.session());
    let refused = watch.on(&isolation, &[name("customers")]).await.unwrap_err();
    assert!(refused.to_string().contains("has no column store"), "{refused}");
    db.session().batch("ALTER TABLE customers ADD tenant_id bigint").await.unwrap();
    watch.on(&isolation, &[name("customers")]).await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (40, 1, NULL, 1)").await;
    assert_eq!(report(&db).await.writes.len(), 1);
}

/// Nobody else may have made the schema whose functions run with our rights.
#[tokio::test]
async fn a_schema_that_is_somebody_elses_is_not_trusted() {
    let db = database(&[TABLES]).await;
    let role = format!("{}_other", db.name());
    let made = format!("CREATE ROLE {role}; CREATE SCHEMA tenancy_watch AUTHORIZATION {role}");
    db.session().batch(&made).await.unwrap();
    let on = AdoptWatch::new(db.session()).on(&isolation(&db), &[name("lines")]).await;
    assert!(on.unwrap_err().to_string().contains("belongs to"));
    let drop = format!("DROP SCHEMA tenancy_watch; DROP ROLE {role}");
    db.session().batch(&drop).await.unwrap();
}

/// The recorder would do what the owner hangs on the table, with the rights of whoever watches.
#[tokio::test]
async fn a_table_of_somebody_who_may_less_is_not_watched_with_more() {
    let db = database(&[super::TABLES]).await;
    let owner = format!("{}_smith", db.name());
    let given = format!(
        "CREATE ROLE {owner} LOGIN; GRANT CREATE ON DATABASE {0} TO {owner}; ALTER TABLE customers OWNER TO {owner};
         GRANT CREATE ON SCHEMA public TO {owner}",
        db.name()
    );
    db.session().batch(&given).await.unwrap();
    // Invoices are found along customers.
    for table in ["customers"] {
        let refused = AdoptWatch::new(db.session()).on(&isolation(&db), &[name(table)]).await;
        assert!(refused.unwrap_err().to_string().contains("belongs to"), "{table}");
    }
    let watched = db.session_as(&owner);
    AdoptWatch::new(&watched).on(&isolation(&db), &[name("customers")]).await.unwrap();
    let refused = AdoptWatch::new(&watched).on(&isolation(&db), &[name("invoices")]).await;
    refused.unwrap_err();
    AdoptWatch::new(&watched).off(&[]).await.unwrap();
}

/// PostgreSQL has no transition tables of foreign ones, and would refuse the writes.
#[tokio::test]
async fn a_table_with_a_foreign_partition_is_not_watched() {
    let tables = "CREATE TABLE customers (id int, store int NOT NULL) PARTITION BY RANGE (id);
        CREATE TABLE customers_1 PARTITION OF customers FOR VALUES FROM (0) TO (100);
        CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE customers_2 PARTITION OF customers FOR VALUES FROM (100) TO (200) SERVER nowhere;
        CREATE TABLE invoices (tenant_id bigint); CREATE TABLE lines (tenant_id bigint)";
    let db = database(&[tables]).await;
    let refused = AdoptWatch::new(db.session()).on(&isolation(&db), &[name("customers")]).await;
    assert!(refused.unwrap_err().to_string().contains("foreign table"));
    by(db.session(), "", "INSERT INTO customers VALUES (1, 1)").await;
}

/// So many records of one transaction, and it is said that there was more.
#[tokio::test]
async fn one_transaction_does_not_fill_the_log() {
    let db = watched().await;
    let many = "DO 'BEGIN FOR i IN 1..60 LOOP UPDATE customers SET name = i; END LOOP; END'";
    by(db.session(), "", many).await;
    by(db.session(), "", "UPDATE customers SET name = 'x'").await;
    let writes = report(&db).await.writes;
    let counts: Vec<_> = writes.iter().map(|w| (w.statements, w.cut_off)).collect();
    assert_eq!(counts, [(50, 1), (1, 0)]);
}

/// A full log takes nothing more, says so, and has room again once it was read.
#[tokio::test]
async fn a_full_log_is_said_and_emptied() {
    let db = watched().await;
    let full = "INSERT INTO tenancy_watch.log SELECT now(), 'public', 'lines', 'INSERT', 'no tenant', 'x', 'x', repeat('y', 400), '', 1, false
        FROM generate_series(1, 150000)";
    db.session().batch(full).await.unwrap();
    by(db.session(), "", "INSERT INTO customers VALUES (30, 1)").await;
    let first = report(&db).await;
    assert!(first.is_full);
    assert_eq!(first.writes.iter().map(|w| w.statements).sum::<i64>(), 150_000);
    // Whoever looks at the table just then, as autovacuum does, keeps the room for a moment longer.
    let emptied = async { while report(&db).await.is_full {} };
    tokio::time::timeout(Duration::from_mins(1), emptied).await.unwrap();
    by(db.session(), "", "INSERT INTO customers VALUES (31, 1)").await;
    let second = report(&db).await;
    assert!(!second.is_full);
    assert_eq!(second.writes.iter().map(|w| w.statements).sum::<i64>(), 150_001);
}
