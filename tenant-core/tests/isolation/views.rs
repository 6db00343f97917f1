//! Views show what the tables show to whoever asks.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{as_tenant, counts, found, is_true, isolation};

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
