//! With whose rights the recorder runs, and for whom.

use tenant_core::{AdoptWatch, SqlSession};
use tenant_testkit::{TestDatabase, TestSession};

use super::{by, isolation, name, seen, text, watched};

/// Somebody who owns nothing yet, and a table of theirs for what they get hold of.
async fn mallory(db: &TestDatabase) -> (String, TestSession) {
    let role = format!("{}_mallory", db.name());
    let made = format!("CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}");
    db.session().batch(&made).await.unwrap();
    let session = db.session_as(&role);
    let spy = "CREATE TABLE got (who text);
        CREATE FUNCTION spy() RETURNS bigint LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.got VALUES (current_user); RETURN 1; END'";
    session.batch(spy).await.unwrap();
    (role, session)
}

async fn got(db: &TestDatabase) -> String {
    text(db.session(), "SELECT coalesce(string_agg(DISTINCT who, ' '), '') FROM got").await
}

/// A cast of the new owner's would run with the rights of whoever watches; the twin does run it.
#[tokio::test]
async fn a_table_that_got_an_owner_who_may_less_is_not_judged() {
    let db = watched().await;
    let (role, mallory) = mallory(&db).await;
    db.session().batch(&format!("ALTER TABLE customers OWNER TO {role}")).await.unwrap();
    let planted = "CREATE TYPE shop AS ENUM ('a');
        CREATE FUNCTION as_text(shop) RETURNS text LANGUAGE sql AS 'SELECT public.spy()::text';
        CREATE CAST (shop AS text) WITH FUNCTION as_text(shop);
        ALTER TABLE customers ALTER store TYPE shop USING 'a'";
    mallory.batch(planted).await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (30, 'a')").await;
    by(db.session(), "1", "UPDATE customers SET name = 'x'").await;
    by(db.session(), "1", "DELETE FROM customers WHERE id = 30").await;
    assert_eq!(got(&db).await, "");
    let untold = ["DELETE", "INSERT", "UPDATE"]
        .map(|operation| format!("customers {operation} not judged: 42501 1/0"));
    assert_eq!(seen(&db).await, untold);
    // Nobody's rights are wanted to see that there is no tenant.
    by(db.session(), "", "INSERT INTO customers VALUES (40, 'a')").await;
    assert!(seen(&db).await.contains(&"customers INSERT no tenant 1/1".to_owned()));
    let again = AdoptWatch::new(db.session()).on(&isolation(&db), &[name("customers")]).await;
    assert!(again.unwrap_err().to_string().contains("belongs to"));

    let careless = "CREATE FUNCTION careless() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
          'BEGIN PERFORM store::text FROM n; RETURN NULL; END';
        CREATE TRIGGER careless AFTER INSERT ON customers REFERENCING NEW TABLE AS n
          FOR EACH STATEMENT EXECUTE FUNCTION careless()";
    db.session().batch(careless).await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (50, 'a')").await;
    assert_eq!(got(&db).await, text(db.session(), "SELECT current_user").await);

    db.session().batch("ALTER TABLE customers OWNER TO CURRENT_USER").await.unwrap();
    gone(&db, &role, &mallory).await;
}

/// A view that took the name of a table on the way is not read.
#[tokio::test]
async fn what_took_the_name_of_a_table_is_not_read() {
    let db = watched().await;
    let (role, mallory) = mallory(&db).await;
    let renamed = format!("ALTER TABLE invoices RENAME TO bills; GRANT SELECT ON bills TO {role}");
    db.session().batch(&renamed).await.unwrap();
    let view = "CREATE VIEW invoices AS SELECT id, public.spy() AS tenant_id FROM bills";
    mallory.batch(view).await.unwrap();
    by(db.session(), "1", "UPDATE lines SET cents = 1").await;
    assert_eq!(got(&db).await, "");
    assert_eq!(seen(&db).await, ["lines UPDATE not judged: 42501 1/0"]);
    // Back again, it is.
    mallory.batch("DROP VIEW invoices").await.unwrap();
    db.session().batch("ALTER TABLE bills RENAME TO invoices").await.unwrap();
    by(db.session(), "1", "UPDATE lines SET cents = 1").await;
    assert!(seen(&db).await.contains(&"lines UPDATE other tenant 1/1".to_owned()));
    // The owner of a table on the way counts as that of the table.
    db.session().batch(&format!("ALTER TABLE invoices OWNER TO {role}")).await.unwrap();
    by(db.session(), "1", "UPDATE lines SET cents = 2 WHERE id = 1").await;
    assert!(seen(&db).await.contains(&"lines UPDATE not judged: 42501 2/0".to_owned()));
    db.session().batch("ALTER TABLE invoices OWNER TO CURRENT_USER").await.unwrap();
    gone(&db, &role, &mallory).await;
}

/// From PostgreSQL 16 on a membership need not give any rights.
#[tokio::test]
async fn a_membership_that_gives_nothing_is_not_enough() {
    let db = watched().await;
    let version = text(db.session(), "SELECT current_setting('server_version_num')").await;
    if version.as_str() < "160000" {
        return;
    }
    let (role, mallory) = mallory(&db).await;
    let watcher = text(db.session(), "SELECT quote_ident(current_user)").await;
    let member = format!(
        "ALTER TABLE customers OWNER TO {role}; GRANT {watcher} TO {role} WITH INHERIT FALSE, SET FALSE"
    );
    db.session().batch(&member).await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (30, 1)").await;
    assert_eq!(seen(&db).await, ["customers INSERT not judged: 42501 1/0"]);
    let rights = format!("GRANT {watcher} TO {role} WITH SET TRUE");
    db.session().batch(&rights).await.unwrap();
    by(db.session(), "1", "INSERT INTO customers VALUES (40, 2)").await;
    assert!(seen(&db).await.contains(&"customers INSERT other tenant 1/1".to_owned()));
    let back = format!("REVOKE {watcher} FROM {role}; ALTER TABLE customers OWNER TO CURRENT_USER");
    db.session().batch(&back).await.unwrap();
    gone(&db, &role, &mallory).await;
}

/// Whoever watches may hang what they like on the log; a superuser's report runs it as them. The twin, by hand, does not.
#[tokio::test]
async fn a_report_runs_nothing_with_more_rights_than_the_watchers() {
    let db = watched().await;
    AdoptWatch::new(db.session()).off(&[]).await.unwrap();
    let (role, mallory) = mallory(&db).await;
    let given = format!(
        "ALTER TABLE customers OWNER TO {role}; GRANT CREATE ON DATABASE {} TO {role}",
        db.name()
    );
    db.session().batch(&given).await.unwrap();
    AdoptWatch::new(&mallory).on(&isolation(&db), &[name("customers")]).await.unwrap();
    let planted = "CREATE FUNCTION peek() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.spy(); RETURN NULL; END';
        CREATE TRIGGER peek AFTER DELETE ON tenancy_watch.log EXECUTE FUNCTION peek();
        CREATE TRIGGER peek AFTER DELETE ON tenancy_watch.watched EXECUTE FUNCTION peek()";
    mallory.batch(planted).await.unwrap();
    by(db.session(), "", "UPDATE customers SET name = 'x'").await;
    assert_eq!(seen(&db).await, ["customers UPDATE no tenant 1/2"]);
    AdoptWatch::new(db.session()).off(&[name("customers")]).await.unwrap();
    assert_eq!(got(&db).await, role);
    db.session().batch("DELETE FROM tenancy_watch.log").await.unwrap();
    assert_ne!(got(&db).await, role);
    AdoptWatch::new(db.session()).off(&[]).await.unwrap();
    db.session().batch("ALTER TABLE customers OWNER TO CURRENT_USER").await.unwrap();
    gone(&db, &role, &mallory).await;
}

/// Roles outlive their database.
async fn gone(db: &TestDatabase, role: &str, session: &TestSession) {
    session.close().await;
    db.session().batch(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await.unwrap();
}
