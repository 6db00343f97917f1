//! What is taken away: privileges that no policy sees, and privileges to come.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{found, is_true, isolation, layout, single, tenancy};

#[tokio::test]
async fn nobody_of_ours_may_truncate_reference_or_hang_triggers_on_a_table() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    database.install(&isolation(&database)).await.unwrap();
    let careless = format!(
        "GRANT ALL ON orders, plans TO {name}_tenant, {name}_shared, {name}_analytics, {name}_staff"
    );
    database.session().batch(&careless).await.unwrap();
    let may = |role: &str, table: &str, what: &str| {
        format!("has_table_privilege('{name}_{role}', '{table}', '{what}')")
    };
    assert!(is_true(&database, &may("tenant", "orders", "TRUNCATE")).await);
    database.install(&isolation(&database)).await.unwrap();
    for role in ["login", "tenant", "shared", "registry", "admin", "analytics", "staff"] {
        for table in ["orders", "plans", "events_2026"] {
            for what in ["TRUNCATE", "REFERENCES", "TRIGGER"] {
                assert!(
                    !is_true(&database, &may(role, table, what)).await,
                    "{role} {table} {what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nobody_of_ours_keeps_what_somebody_granted_on_our_own_tables() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    database.install(&isolation(&database)).await.unwrap();
    let may = |role: &str, table: &str, what: &str| {
        format!("has_any_column_privilege('{name}_{role}', 'tenancy.{table}', '{what}')")
    };
    let theirs = [("tenant", "seal_keys", "SELECT"), ("login", "members", "INSERT")];
    let theirs = [theirs.as_slice(), &[("tenant", "tenants", "UPDATE")]].concat();
    let careless = format!(
        "GRANT SELECT ON tenancy.seal_keys TO {name}_tenant; GRANT INSERT ON tenancy.members TO {name}_login;
         GRANT UPDATE (status) ON tenancy.tenants TO {name}_tenant; GRANT SELECT ON tenancy.tenants TO {name}_old;
         GRANT SELECT ON tenancy.usage TO {name}_tenant WITH GRANT OPTION; SET ROLE {name}_tenant;
         GRANT SELECT ON tenancy.usage TO {name}_old; RESET ROLE; GRANT CREATE ON SCHEMA tenancy TO {name}_login;
         GRANT EXECUTE ON FUNCTION tenancy.renew_database_key() TO {name}_tenant"
    );
    database.session().batch(&careless).await.unwrap();
    for (role, table, what) in &theirs {
        assert!(is_true(&database, &may(role, table, what)).await, "{role} {table} {what}");
    }
    database.install(&isolation(&database)).await.unwrap();
    for (role, table, what) in &theirs {
        assert!(!is_true(&database, &may(role, table, what)).await, "{role} {table} {what}");
    }
    let more = format!(
        "has_schema_privilege('{name}_login', 'tenancy', 'CREATE') OR has_table_privilege('{name}_old', 'tenancy.usage', 'SELECT') \
         OR has_function_privilege('{name}_tenant', 'tenancy.renew_database_key()', 'EXECUTE')"
    );
    assert!(!is_true(&database, &more).await);
    // What is the registry's and the admin's stays; a stranger's is found by lint.
    for (role, table, what) in [
        ("registry", "tenants", "SELECT"),
        ("admin", "moves", "UPDATE"),
        ("old", "tenants", "SELECT"),
    ] {
        assert!(is_true(&database, &may(role, table, what)).await, "{role} {table} {what}");
    }
}

#[tokio::test]
async fn a_single_role_that_does_not_own_the_table_may_not_truncate_it() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let may = format!("has_table_privilege('{}_app', 'orders', 'TRUNCATE')", database.name());
    assert!(is_true(&database, &may).await);
    database.install(&single(&database)).await.unwrap();
    assert!(!is_true(&database, &may).await);
}

#[tokio::test]
async fn a_table_that_comes_later_is_granted_to_nobody() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    let later = |table: &str| {
        format!(
            "CREATE TABLE {table} (); SET ROLE {name}_old; CREATE TABLE {table}_old (); RESET ROLE;"
        )
    };
    database
        .session()
        .batch(&format!("GRANT CREATE ON SCHEMA public TO {name}_old; {}", later("before")))
        .await
        .unwrap();
    database.install(&isolation(&database)).await.unwrap();
    database.session().batch(&later("after")).await.unwrap();
    let granted = |table: &str| {
        format!(
            "EXISTS (SELECT FROM pg_class, aclexplode(relacl) WHERE grantee = 0 AND relname IN ('{table}', '{table}_old'))"
        )
    };
    assert!(!is_true(&database, &granted("after")).await);
    let arranged =
        "EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) a WHERE a.grantee = 0)";
    assert!(!is_true(&database, arranged).await);
}

#[tokio::test]
async fn what_other_sessions_run_is_hidden_where_it_is_asked_for() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let sees = format!(
        "BEGIN; SET LOCAL ROLE {}_app; SELECT count(*) FROM pg_stat_activity; ROLLBACK",
        database.name()
    );
    database.install(&isolation(&database)).await.unwrap();
    database.session().batch(&sees).await.unwrap();
    database.install(&isolation(&database).hide_activity()).await.unwrap();
    let error = database.session().batch(&sees).await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("42501"), "{error}");
}

#[tokio::test]
async fn set_config_is_taken_where_it_is_asked_for_and_the_binding_does_without() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let refused = isolation(&database).revoke_set_config().unwrap_err();
    assert!(refused.to_string().contains("Binding::SetLocal"), "{refused}");
    let layout = layout(&database).binding(tenant_core::Binding::SetLocal);
    let isolation = tenant_core::Isolation::new(&tenancy(), &layout).unwrap();
    let switch = "SELECT set_config('app.current_tenant_id', '2', true)";
    database.install(&isolation).await.unwrap();
    crate::fixture::as_tenant(&database, "1", switch).await.unwrap();
    database.install(&isolation.revoke_set_config().unwrap()).await.unwrap();
    let error = crate::fixture::as_tenant(&database, "1", switch).await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("42501"), "{error}");
    let owner = format!(
        "has_function_privilege('{}_owner', 'set_config(text, text, boolean)', 'EXECUTE')",
        database.name()
    );
    assert!(is_true(&database, &owner).await);
}
