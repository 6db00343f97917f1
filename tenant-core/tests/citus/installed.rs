//! `up`, `plan` and `diff`.

use tenant_core::{Backfill, Isolation, Lint, SqlSession, TableName, TenantId};
use tenant_testkit::TestDatabase;

use crate::fixture::{distributed, isolation, layout, one, open_commands, shop, tenancy};

const ALL: &str = "bookings h s 1, customers h s 1, plans n t 2";

async fn differences(database: &TestDatabase) -> Vec<String> {
    let found = isolation(database).diff(database.session()).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn tables_are_distributed_by_tenant_side_by_side_and_shared_ones_are_everywhere() {
    let database = shop().await;
    let isolation = isolation(&database);
    for _ in 0..2 {
        database.install(&isolation).await.unwrap();
        assert_eq!(distributed(&database).await, ALL);
        assert_eq!(differences(&database).await, [""; 0]);
    }
    let keys =
        "SELECT string_agg(DISTINCT partkey, ';') FROM pg_dist_partition WHERE partmethod = 'h'";
    assert!(one(&database, keys).await.contains(":varattno 1 "));
    let functions = "SELECT string_agg(objid::regprocedure::text, ', ') FROM pg_dist_object";
    assert_eq!(one(&database, functions).await, "tenancy.current_tenant()");
    let report =
        Lint::new(&tenancy()).layout(&layout(&database)).run(database.session()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn whoever_asks_can_log_in_and_nobody_commands_the_workers() {
    let database = shop().await;
    assert_ne!(open_commands(&database).await, "NULL", "the twin: open as they were found");
    let name = database.name();
    // One that is there already, from before there was a cluster.
    let role = format!("CREATE ROLE {name}_shared NOLOGIN NOINHERIT");
    database.session().batch(&role).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    let logins = format!(
        "SELECT string_agg(substr(rolname, {}), ', ' ORDER BY rolname) FROM pg_roles \
         WHERE starts_with(rolname, '{name}_') AND rolcanlogin",
        name.len() + 2
    );
    assert_eq!(
        one(&database, &logins).await,
        "admin, analytics, login, owner, registry, shared, tenant"
    );
    assert_eq!(open_commands(&database).await, "NULL");
    let told = "SELECT string_agg(command, '; ' ORDER BY command) FROM imitated_commands";
    let told = one(&database, told).await;
    assert!(
        told.contains(
            "REVOKE EXECUTE ON FUNCTION run_command_on_shards(regclass,text) FROM PUBLIC"
        )
    );
    let from_the_application =
        format!("SET ROLE {name}_tenant; SELECT run_command_on_workers('SELECT 1')");
    let refused = database.session().batch(&from_the_application).await;
    assert!(refused.unwrap_err().to_string().contains("permission denied"));
}

#[tokio::test]
async fn what_came_back_to_the_coordinator_is_found_and_distributed_again() {
    let database = shop().await;
    database.install(&isolation(&database)).await.unwrap();
    database.session().batch("SELECT undistribute_table('bookings')").await.unwrap();
    let found = differences(&database).await;
    assert_eq!(
        found,
        ["distribution public.bookings: is `not distributed`, should be `by tenant_id`\n    \
          mend: SELECT create_distributed_table('public.bookings', 'tenant_id')"]
    );
    let plan = isolation(&database).plan(database.session()).await.unwrap();
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles, ["distribution over the workers", "what is installed"]);
    plan.run(database.session()).await.unwrap();
    assert_eq!(distributed(&database).await, ALL);
    assert_eq!(differences(&database).await, [""; 0]);
}

#[tokio::test]
async fn a_plan_distributes_tables_that_have_rows_behind_their_walls() {
    let database = shop().await;
    let rows = "ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE, ALTER tenant_id DROP NOT NULL;
        INSERT INTO customers (id) SELECT generate_series(1, 100)";
    database.session().batch(rows).await.unwrap();
    let one_tenant = Backfill::Value(TenantId::from(7));
    let customers = TableName::new("customers").unwrap();
    let isolation: Isolation = isolation(&database).backfill(customers, one_tenant).unwrap();
    let plan = isolation.plan(database.session()).await.unwrap();
    let at = |title: &str| plan.steps.iter().position(|step| step.title == title).unwrap();
    let walls = r#"walls of "public"."customers""#;
    assert!(at(walls) < at("distribution over the workers"), "{plan}");
    plan.run(database.session()).await.unwrap();
    assert_eq!(distributed(&database).await, ALL);
    assert!(isolation.plan(database.session()).await.unwrap().is_empty());
}

/// The twin of the imitation's refusals: the usual policies would not pass.
#[tokio::test]
async fn the_usual_policies_could_not_be_distributed() {
    let database = shop().await;
    let usual = tenant_core::Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &usual).unwrap()).await.unwrap();
    let refused =
        database.session().batch("SELECT create_distributed_table('bookings', 'tenant_id')").await;
    assert!(refused.unwrap_err().to_string().contains("cannot create policy"));
    // Said again with Citus, they are replaced, and then distributed.
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(distributed(&database).await, ALL);
}
