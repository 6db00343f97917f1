//! Partitions and children: each can be queried by its own name.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{as_tenant, counts, found, is_true, isolation};

const PARTITIONS: [&str; 5] =
    ["events", "events_2025", "events_2025_rest", "events_2026", "\"Support Desk\".urgent"];

#[tokio::test]
async fn every_partition_and_child_has_walls_and_no_grant() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    database
        .session()
        .batch(&format!("CREATE ROLE {name}_tenant; GRANT SELECT ON events_2025 TO {name}_tenant"))
        .await
        .unwrap();
    database.install(&isolation(&database)).await.unwrap();
    for partition in PARTITIONS {
        let walled = format!(
            "SELECT relrowsecurity AND relforcerowsecurity AND (SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid) = 9
             FROM pg_class WHERE oid = '{partition}'::regclass"
        );
        assert!(is_true(&database, &walled).await, "{partition}");
        if partition != "events" {
            let may = format!("has_table_privilege('{name}_tenant', '{partition}', 'SELECT')");
            assert!(!is_true(&database, &may).await, "{partition}");
        }
    }
}

#[tokio::test]
async fn a_partition_that_somebody_grants_shows_one_tenants_rows() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let tenant = format!("{}_tenant", database.name());
    for id in ["1", "2"] {
        as_tenant(&database, id, "INSERT INTO events (at) VALUES ('2026-02-02')").await.unwrap();
    }
    database.session().batch(&format!("GRANT SELECT ON events_2026 TO {tenant}")).await.unwrap();
    assert_eq!(counts(&database, &tenant, "1", "events_2026").await, 1);
    // The twin: without its own walls the parent's do not help.
    database.session().batch("ALTER TABLE events_2026 DISABLE ROW LEVEL SECURITY").await.unwrap();
    assert_eq!(counts(&database, &tenant, "1", "events_2026").await, 2);
}

#[tokio::test]
async fn a_partition_that_comes_later_gets_its_walls_from_the_next_up() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let later = "CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')";
    database.session().batch(later).await.unwrap();
    let walled = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'events_2027'";
    assert!(!is_true(&database, walled).await);
    database.install(&isolation(&database)).await.unwrap();
    assert!(is_true(&database, walled).await);
    isolation(&database).revert(database.session()).await.unwrap();
    assert!(!is_true(&database, walled).await);
}
