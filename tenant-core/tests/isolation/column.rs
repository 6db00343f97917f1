//! Rows whose tenant stands in a column of their own.

use tenant_core::{Backfill, Isolation, Layout, Phase, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

use crate::fixture::{counts, is_true};

const VISITS: &str = "
    CREATE TABLE visits (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, shop smallint);
    INSERT INTO visits (shop) SELECT 1 + n % 2 FROM generate_series(1, 50) AS n;";

async fn visits() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(VISITS).await.unwrap();
    database
}

fn from(database: &TestDatabase, column: &str) -> Isolation {
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("visits"), None);
    Isolation::new(&tenancy, &Layout::new(database.name()).unwrap())
        .unwrap()
        .backfill(TableName::new("visits").unwrap(), Backfill::Column(column.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn rows_take_their_tenant_from_their_column_also_while_the_plan_runs() {
    let database = visits().await;
    let isolation = from(&database, "shop");
    let mut plan = isolation.plan(database.session()).await.unwrap();
    plan.steps.retain(|step| step.phase == Phase::Prepare);
    plan.run(database.session()).await.unwrap();
    // The application goes on, and knows of no tenant.
    let meanwhile = "INSERT INTO visits (shop) VALUES (2); UPDATE visits SET shop = 2 WHERE id = 2";
    database.session().batch(meanwhile).await.unwrap();
    assert!(is_true(&database, "SELECT bool_and(tenant_id = shop) FROM visits").await);

    isolation.apply(database.session()).await.unwrap();
    assert!(isolation.plan(database.session()).await.unwrap().is_empty());
    let tenant = format!("{}_tenant", database.name());
    assert_eq!(counts(&database, &tenant, "2", "visits").await, 27);
    assert_eq!(counts(&database, &tenant, "1", "visits").await, 24);
}

#[tokio::test]
async fn a_row_without_a_value_there_and_a_column_that_is_none_stop_the_plan() {
    let database = visits().await;
    database.session().batch("INSERT INTO visits (shop) VALUES (NULL)").await.unwrap();
    let refused = from(&database, "shop").apply(database.session()).await.unwrap_err();
    assert!(refused.to_string().contains("belong to no tenant"), "{refused}");
    let other = visits().await;
    let refused = from(&other, "shp").plan(other.session()).await.unwrap_err();
    assert!(refused.to_string().contains("has no column shp"), "{refused}");
}
