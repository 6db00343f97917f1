//! Which writes are recorded, and why.

use tenant_core::{AdoptWatch, SqlSession, WatchReason};

use super::{by, isolation, name, report, seen, text, watched};
use crate::fixture::database;

#[tokio::test]
async fn each_reason_is_recorded_and_each_write_goes_through() {
    let db = watched().await;
    let session = db.session();
    by(session, "", "INSERT INTO customers VALUES (30, 1, 's3cr3t'), (40, 1, 'x')").await;
    by(session, "", "UPDATE invoices SET note = 's3cr3t' WHERE id = 77").await;
    by(session, "acme", "DELETE FROM lines WHERE id = 2").await;
    by(session, "1", "INSERT INTO lines (id, invoice) VALUES (3, 2), (4, 1)").await;
    by(session, "1", "UPDATE lines SET cents = 1").await;
    by(session, "1", "INSERT INTO invoices (id, customer) VALUES (3, 10)").await;
    by(session, "2", "UPDATE invoices SET tenant_id = 1 WHERE id = 2").await;
    by(session, "1", "UPDATE invoices SET tenant_id = NULL WHERE id = 1").await;
    by(session, "2", "TRUNCATE lines").await;
    assert_eq!(
        seen(&db).await,
        [
            "customers INSERT no tenant 1/2",
            "invoices INSERT null 1/1",
            "invoices UPDATE no tenant 1/0",
            "invoices UPDATE null 1/1",
            "invoices UPDATE to another tenant 1/1",
            "lines DELETE not an id 1/0",
            "lines INSERT other tenant 1/1",
            "lines TRUNCATE truncate 1/0",
            "lines UPDATE other tenant 1/1",
        ]
    );
    let report = report(&db).await;
    assert!(report.writes.iter().all(|write| !write.query.contains("s3cr3t")), "{report:#?}");
    assert!(report.writes[0].query.contains("INSERT INTO customers VALUES (?)..."), "{report:#?}");
    assert_eq!(report.writes[0].reason, WatchReason::NoTenant);
    assert_eq!(text(session, "SELECT count(*) FROM customers").await, "4");
    assert_eq!(text(session, "SELECT count(*) FROM lines").await, "0");
}

/// The twin: the same writes by an application that says its tenant.
#[tokio::test]
async fn whoever_says_its_tenant_is_not_recorded() {
    let db = watched().await;
    let session = db.session();
    by(session, "1", "INSERT INTO customers VALUES (30, 1), (40, 1)").await;
    by(session, "1", "INSERT INTO invoices VALUES (3, 30, 1)").await;
    by(session, "1", "INSERT INTO lines (invoice) VALUES (1), (3)").await;
    by(session, "2", "UPDATE lines SET cents = 1 WHERE invoice = 2").await;
    by(session, "2", "UPDATE invoices SET note = 'x' WHERE id = 2").await;
    by(session, "2", "DELETE FROM lines WHERE id = 2").await;
    // Its customer, and with it what hangs on that: at the end no row leads to a tenant any more.
    by(session, "1", "DELETE FROM customers WHERE id = 30").await;
    // Nobody will be asked for a tenant where nothing is inserted.
    by(session, "", "INSERT INTO lines (invoice) SELECT id FROM invoices WHERE false").await;
    session.batch("BEGIN READ ONLY; SELECT count(*) FROM invoices; COMMIT").await.unwrap();
    // Undone is not recorded, either.
    session.batch("BEGIN; DELETE FROM invoices; ROLLBACK").await.unwrap();
    assert_eq!(seen(&db).await, [] as [&str; 0]);
}

#[tokio::test]
async fn copy_merge_conflicts_and_cascades_are_seen() {
    let db = watched().await;
    let session = db.session();
    let merge = "MERGE INTO lines l USING (VALUES (2, 5), (99, 1)) v (id, n) ON l.id = v.id
        WHEN MATCHED THEN UPDATE SET cents = v.n WHEN NOT MATCHED THEN INSERT (invoice) VALUES (2)";
    by(session, "1", merge).await;
    let conflict = "INSERT INTO lines (id, invoice) VALUES (2, 2), (5, 2) ON CONFLICT (id) DO UPDATE SET cents = 2";
    by(session, "1", conflict).await;
    assert_eq!(seen(&db).await, ["lines INSERT other tenant 2/2", "lines UPDATE other tenant 2/2"]);
    // A program of the server's is the shortest way to some rows for COPY.
    by(session, "", "COPY customers (id, store) FROM PROGRAM 'echo 50,1' (FORMAT csv)").await;
    by(session, "", "DELETE FROM customers WHERE id = 20").await;
    // A cascade that finds nothing is nobody's forgotten tenant.
    by(session, "", "DELETE FROM customers WHERE id = 50").await;
    let seen = seen(&db).await;
    for line in [
        "customers DELETE no tenant 2/2",
        "customers INSERT no tenant 1/1",
        "invoices DELETE no tenant 1/1",
        "lines DELETE no tenant 1/3",
    ] {
        assert!(seen.iter().any(|seen| seen == line), "{line}: {seen:#?}");
    }
    let report = report(&db).await;
    let cascade = report.writes.iter().find(|w| w.table == "lines" && w.operation == "DELETE");
    assert!(cascade.unwrap().query.contains("DELETE FROM customers"), "{report:#?}");
}

/// Rows that change place and tenant in one statement are told apart.
#[tokio::test]
async fn each_row_of_a_large_update_is_judged_by_what_it_was() {
    let db = watched().await;
    let session = db.session();
    by(
        session,
        "1",
        "INSERT INTO invoices SELECT n, 10, 1 + n % 2 FROM generate_series(101, 1100) AS n",
    )
    .await;
    by(session, "1", "UPDATE invoices SET tenant_id = CASE id % 3 WHEN 0 THEN 3 - tenant_id ELSE tenant_id END WHERE id > 100").await;
    let seen = seen(&db).await;
    // Of 500 rows of its own 166 went away; 500 were never its own.
    assert!(seen.contains(&"invoices UPDATE other tenant 1/500".to_owned()), "{seen:?}");
    let away =
        text(session, "SELECT count(*) FROM invoices WHERE id > 100 AND id % 2 = 0 AND id % 3 = 0")
            .await;
    assert!(seen.contains(&format!("invoices UPDATE to another tenant 1/{away}")), "{seen:?}");
}

/// What a trigger of the application's makes of a row is what counts.
#[tokio::test]
async fn the_applications_own_triggers_come_first() {
    let db = watched().await;
    let session = db.session();
    session
        .batch(
            "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant_id := 1; RETURN NEW; END';
             CREATE TRIGGER zz BEFORE INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION fill()",
        )
        .await
        .unwrap();
    by(session, "1", "INSERT INTO invoices VALUES (3, 10, 2), (4, 10, NULL)").await;
    assert_eq!(seen(&db).await, [] as [&str; 0]);
    session.batch("DROP TRIGGER zz ON invoices").await.unwrap();
    by(session, "1", "INSERT INTO invoices VALUES (5, 10, 2), (6, 10, NULL)").await;
    assert_eq!(seen(&db).await, ["invoices INSERT null 1/1", "invoices INSERT other tenant 1/1"]);
}

#[tokio::test]
async fn partitions_children_and_odd_names_are_watched() {
    use tenant_core::{Isolation, Layout, TableName, Tenancy, TenantKey};
    let db = database(&[r#"
        CREATE SCHEMA "it's";
        CREATE TABLE "it's"."a ""b"" {c} $do$" (id int, "tenant id" text, at date) PARTITION BY RANGE (at);
        CREATE TABLE "it's"."p'1" PARTITION OF "it's"."a ""b"" {c} $do$" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE above (id int, tenant_id text); CREATE TABLE below () INHERITS (above);"#])
    .await;
    let odd = name("a \"b\" {c} $do$").in_schema("it's").unwrap();
    let tenancy = Tenancy::new(TenantKey::Text)
        .tenant_table(Ok(odd.clone()), Some("tenant id"))
        .tenant_table(TableName::new("above"), None);
    let isolation = Isolation::new(&tenancy, &Layout::new("shop").unwrap()).unwrap();
    let watch = AdoptWatch::new(db.session());
    watch.on(&isolation, &[odd.clone(), name("above")]).await.unwrap();
    for table in [r#""it's"."a ""b"" {c} $do$""#, r#""it's"."p'1""#] {
        by(db.session(), "O''Neil", &format!("INSERT INTO {table} VALUES (1, 'other', '2026-05-05'), (2, 'O''Neil', '2026-05-05')")).await;
    }
    by(db.session(), "x", "INSERT INTO below VALUES (1, 'y'); UPDATE above SET id = 2").await;
    assert_eq!(
        seen(&db).await,
        [
            "a \"b\" {c} $do$ INSERT other tenant 2/2",
            "above INSERT other tenant 1/1",
            "above UPDATE other tenant 1/1"
        ]
    );
    // One table after the other.
    watch.off(std::slice::from_ref(&odd)).await.unwrap();
    by(db.session(), "", r#"DELETE FROM "it's"."p'1""#).await;
    by(db.session(), "", "DELETE FROM below").await;
    let report = report(&db).await;
    assert_eq!(report.tables.len(), 1, "{report:#?}");
    assert_eq!(report.writes.iter().filter(|w| w.operation == "DELETE").count(), 1, "{report:#?}");
    watch.off(&[]).await.unwrap();
    let left = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(text(db.session(), left).await, "0");
    assert_eq!(text(db.session(), "SELECT to_regnamespace('tenancy_watch') IS NULL").await, "true");
}

#[tokio::test]
async fn what_cannot_be_watched_is_said() {
    let db = database(&[super::TABLES]).await;
    let watch = AdoptWatch::new(db.session());
    let why = async |tables: &[&str]| {
        let tables: Vec<_> = tables.iter().map(|table| name(table)).collect();
        watch.on(&isolation(&db), &tables).await.unwrap_err().to_string()
    };
    assert!(why(&["plans"]).await.contains("no declared tenant table"));
    assert!(watch.report().await.unwrap_err().to_string().contains("nothing is watched"));
    db.session().batch("ALTER TABLE lines DROP CONSTRAINT lines_invoice_fkey").await.unwrap();
    assert!(why(&["invoices", "lines"]).await.contains("no foreign key to follow"));
    // Nothing is there by halves.
    assert_eq!(text(db.session(), "SELECT to_regnamespace('tenancy_watch') IS NULL").await, "true");
    watch.off(&[]).await.unwrap();
}
