//! Installing, installing again, and taking away.

use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

use crate::fixture::{found, is_true, isolation, state, tenancy};

#[tokio::test]
async fn installing_twice_changes_nothing_the_second_time() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    let first = state(&database).await;
    database.install(&isolation).await.unwrap();
    assert_eq!(state(&database).await, first);
    assert!(first.contains("tenancy_wall"), "{first}");
}

#[tokio::test]
async fn taking_it_away_gives_back_what_was_there() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let before = state(&database).await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    assert_ne!(state(&database).await, before);
    database.install(&isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn taking_it_away_refuses_to_lose_the_registry() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    let tenant = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (1, 'acme', 'Acme')";
    database.session().batch(tenant).await.unwrap();
    let before = state(&database).await;
    let error = isolation.revert(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("still has tenants"), "{error}");
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn the_index_that_is_there_is_used_and_a_missing_one_is_made() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'lines'";
    assert!(is_true(&database, &format!("({indexes}) = 2")).await);
    let made = "SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_tenant_id_tenancy_idx'";
    assert!(is_true(&database, &format!("({made}) = 1")).await);
}

#[tokio::test]
async fn what_somebody_gave_away_since_is_taken_back() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let first = state(&database).await;
    let name = database.name();
    let careless = format!("GRANT ALL ON orders, plans TO {name}_tenant, {name}_login, PUBLIC");
    database.session().batch(&careless).await.unwrap();
    assert_ne!(state(&database).await, first);
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(state(&database).await, first);
}

#[tokio::test]
async fn a_tenants_table_that_becomes_shared_loses_its_policies() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let now_shared = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .shared_table(TableName::new("plans"))
        .shared_table(TableName::new("orders"));
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&now_shared, &layout).unwrap()).await.unwrap();
    let name = database.name();
    assert!(
        is_true(&database, "(SELECT count(*) FROM pg_policies WHERE tablename = 'orders') = 0")
            .await
    );
    let shared = format!("SET LOCAL ROLE {name}_shared; INSERT INTO orders DEFAULT VALUES");
    database.session().batch(&format!("BEGIN; {shared}; COMMIT")).await.unwrap();
    let write = format!("has_table_privilege('{name}_tenant', 'orders', 'DELETE')");
    assert!(!is_true(&database, &write).await);
}

#[tokio::test]
async fn taking_it_away_refuses_to_lose_what_others_hung_on_it() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    let theirs = "CREATE TABLE theirs (tenant bigint REFERENCES tenancy.tenants)";
    database.session().batch(theirs).await.unwrap();
    let before = state(&database).await;
    let error = isolation.revert(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("other objects depend on them"), "{error}");
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn the_schema_of_a_declared_table_is_opened_for_its_roles() {
    let database = TestDatabase::create().await.unwrap();
    let create = "CREATE SCHEMA sales; CREATE TABLE sales.\"salt AND pepper\" (id serial)";
    database.session().batch(create).await.unwrap();
    let table = TableName::new("salt AND pepper").and_then(|t| t.in_schema("sales"));
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(table, None);
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let usage = format!("has_schema_privilege('{}_tenant', 'sales', 'USAGE')", database.name());
    assert!(is_true(&database, &usage).await);
}

#[tokio::test]
async fn long_names_that_begin_alike_get_indexes_of_their_own() {
    let database = TestDatabase::create().await.unwrap();
    let mut tenancy = Tenancy::new(TenantKey::Bigint);
    for end in ["a", "b"] {
        let name = format!("{}{end}", "x".repeat(60));
        database.session().batch(&format!("CREATE TABLE {name} (id serial)")).await.unwrap();
        tenancy = tenancy.tenant_table(TableName::new(&name), None);
    }
    let isolation = Isolation::new(&tenancy, &Layout::new(database.name()).unwrap()).unwrap();
    database.install(&isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert!(
        is_true(&database, "(SELECT count(*) FROM pg_indexes WHERE schemaname = 'public') = 0")
            .await
    );
}

#[tokio::test]
async fn a_table_that_is_declared_twice_is_refused() {
    let twice = tenancy().shared_table(TableName::new("orders"));
    let error = Isolation::new(&twice, &Layout::new("x").unwrap()).unwrap_err();
    assert!(error.to_string().contains("declared twice"), "{error}");
}

#[tokio::test]
async fn a_table_that_is_declared_twice_once_with_its_schema_is_refused() {
    let with_schema = TableName::new("orders").and_then(|t| t.in_schema("public"));
    let twice = tenancy().shared_table(with_schema);
    let error = Isolation::new(&twice, &Layout::new("x").unwrap()).unwrap_err();
    assert!(error.to_string().contains("declared twice"), "{error}");
}

#[tokio::test]
async fn a_tenant_column_that_is_declared_anew_does_not_cost_the_old_one() {
    let database = TestDatabase::create().await.unwrap();
    database
        .session()
        .batch(
            "CREATE TABLE plans (); CREATE TABLE lines (account_id bigint);
             CREATE TABLE orders (id serial, account_id bigint)",
        )
        .await
        .unwrap();
    let before = state(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let now = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .tenant_table(TableName::new("orders"), Some("account_id"))
        .shared_table(TableName::new("plans"));
    let layout = Layout::new(database.name()).unwrap();
    let now = Isolation::new(&now, &layout).unwrap();
    database.install(&now).await.unwrap();
    now.revert(database.session()).await.unwrap();
    let after = state(&database).await;
    for line in before.lines().filter(|line| line.contains("account_id")) {
        assert!(after.contains(line), "{line} is not in\n{after}");
    }
}

#[tokio::test]
async fn the_owners_migration_that_a_policy_would_narrow_fails_unless_it_says_so() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let owner =
        tenant_diesel::PgSession::connect(database.url(&format!("{}_owner", database.name())))
            .await
            .unwrap();
    let update = "UPDATE lines SET account_id = 8";
    let error = owner.batch(update).await.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    assert!(is_true(&database, "SELECT account_id = 7 FROM lines").await);
    owner.batch(&format!("BEGIN; SET LOCAL row_security = on; {update}; COMMIT")).await.unwrap();
    assert!(is_true(&database, "SELECT account_id = 8 FROM lines").await);
}
