//! Views show what the tables show to whoever asks.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{as_tenant, counts, found, is_true, isolation, one};

async fn with_two_tenants(database: &TestDatabase) {
    found(database).await;
    database.install(&isolation(database)).await.unwrap();
    for (tenant, id) in [("1", 1), ("2", 2)] {
        let insert = format!(
            "INSERT INTO customers (id) VALUES ({id}); INSERT INTO orders (customer, total) VALUES ({id}, 5)"
        );
        as_tenant(database, tenant, &insert).await.unwrap();
    }
    database.session().batch("INSERT INTO plans VALUES (1, 'free')").await.unwrap();
}

#[tokio::test]
async fn a_view_and_a_view_of_a_view_show_one_tenant() {
    let database = TestDatabase::create().await.unwrap();
    with_two_tenants(&database).await;
    let tenant = format!("{}_tenant", database.name());
    for view in ["totals", "best"] {
        assert_eq!(counts(&database, &tenant, "1", view).await, 1, "{view}");
    }
    // The twin: with its owner's rights the same view shows everybody's.
    database.session().batch("ALTER VIEW totals RESET (security_invoker)").await.unwrap();
    assert_eq!(counts(&database, &tenant, "1", "totals").await, 2);
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(counts(&database, &tenant, "1", "totals").await, 1);
}

#[tokio::test]
async fn a_view_of_shared_tables_is_for_both_roles_and_a_materialised_one_of_tenants_for_none() {
    let database = TestDatabase::create().await.unwrap();
    with_two_tenants(&database).await;
    let name = database.name();
    for role in ["tenant", "shared"] {
        assert_eq!(counts(&database, &format!("{name}_{role}"), "1", "plan_names").await, 1);
        let counted = format!("has_table_privilege('{name}_{role}', 'counted', 'SELECT')");
        assert!(!is_true(&database, &counted).await);
    }
    let totals = format!("has_table_privilege('{name}_shared', 'totals', 'SELECT')");
    assert!(!is_true(&database, &totals).await);
    let grant = format!("GRANT SELECT ON totals, counted TO {name}_shared, {name}_login");
    database.session().batch(&grant).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    for view in ["totals", "counted"] {
        for role in ["shared", "login"] {
            let may = format!("has_table_privilege('{name}_{role}', '{view}', 'SELECT')");
            assert!(!is_true(&database, &may).await, "{role} {view}");
        }
    }
}

/// Views of somebody who may create and owns no declared table: of a shared table with a rule that
/// copies a tenant table, of a tenant table likewise, and a materialised one to be filled later.
const PLANTED: &str = "
    CREATE TABLE sink (customer int, total numeric); GRANT INSERT ON sink TO PUBLIC;
    CREATE VIEW planted AS SELECT id FROM plans;
    CREATE RULE copy AS ON UPDATE TO planted DO INSTEAD INSERT INTO sink SELECT customer, total FROM orders;
    CREATE VIEW planted_too AS SELECT id FROM orders;
    CREATE RULE copy AS ON UPDATE TO planted_too DO INSTEAD INSERT INTO sink SELECT customer, total FROM orders;
    CREATE MATERIALIZED VIEW planted_store AS SELECT * FROM orders WITH NO DATA;
    GRANT ALL ON planted, planted_too, planted_store TO {accomplice}";

#[tokio::test]
async fn a_planted_view_is_left_with_whoever_planted_it_and_copies_nothing() {
    let database = TestDatabase::create().await.unwrap();
    let (name, session) = (database.name(), database.session());
    let accomplice = format!("{name}_accomplice");
    found(&database).await;
    let roles = format!("CREATE ROLE {name}_mallory; CREATE ROLE {accomplice};");
    session.batch(&roles).await.unwrap();
    let planted = PLANTED.replace("{accomplice}", &accomplice);
    let planted = format!("SET ROLE {name}_mallory; {planted}; RESET ROLE");
    session.batch(&planted).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    let insert =
        "INSERT INTO customers (id) VALUES (1); INSERT INTO orders (customer, total) VALUES (1, 5)";
    as_tenant(&database, "1", insert).await.unwrap();
    for view in ["planted", "planted_too", "planted_store"] {
        let owner =
            format!("SELECT relowner::regrole::text FROM pg_class WHERE relname = '{view}'");
        assert_eq!(one(&database, &owner).await, format!("{name}_mallory"), "{view}");
        let granted = format!("has_table_privilege('{name}_tenant', '{view}', 'SELECT')");
        assert!(!is_true(&database, &granted).await, "{view}");
    }
    // Whoever planted them can still say who may write where.
    session.batch(&format!("GRANT INSERT ON sink TO {name}_owner")).await.unwrap();
    let copy = |view: &str| format!("SET LOCAL ROLE {accomplice}; UPDATE {view} SET id = 1");
    let copied = "SELECT count(*) FROM sink";
    for view in ["planted", "planted_too"] {
        let error = session.batch(&format!("BEGIN; {}", copy(view))).await.unwrap_err();
        assert!(error.to_string().contains("permission denied for table orders"), "{error}");
        session.batch("ROLLBACK").await.unwrap();
        assert_eq!(one(&database, copied).await, "0");
        // The twin: as the owner's, its rule copies everybody's rows for anybody who may touch it.
        session.batch(&format!("ALTER VIEW {view} OWNER TO {name}_owner")).await.unwrap();
        session.batch(&format!("BEGIN; {}; COMMIT; RESET ROLE", copy(view))).await.unwrap();
        assert_eq!(one(&database, copied).await, "1");
        session.batch("TRUNCATE sink").await.unwrap();
    }
}
