//! Errors are known for what they are on a server that speaks another language.
//!
//! Wants the locale `de_DE.UTF-8` and a server with its messages, as Debian's is; `.ci/run` installs
//! the one and runs `cargo test -p tenant-tests --test database -- --ignored german`.

use diesel_async::SimpleAsyncConnection;
use sea_orm::ConnectionTrait;
use tenant_core::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, TableName, Tenancy, TenantKey,
    TenantRecord, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;

const FOREIGN: &str = "INSERT INTO orders (tenant_id) VALUES (2)";
const UNSET: &str = "SELECT set_config('app.current_tenant_id', '', true); TABLE orders";

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("orders"), None)
}

async fn german() -> (TestDatabase, TenantScope<Verified>) {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name();
    let layout = Layout::new(name).unwrap();
    let create = format!(
        "CREATE TABLE orders (id serial PRIMARY KEY); CREATE TABLE undeclared ();
         ALTER DATABASE {name} SET lc_messages = 'de_DE.UTF-8'"
    );
    database.session().batch(&create).await.unwrap();
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    let registry = StaticRegistry::new([TenantRecord::new(1, "x")]);
    let scope = TenantScope::claim(1, Principal::Token).verify(&registry).await.unwrap();
    (database, scope)
}

/// Takes away what makes the login speak English.
async fn without_english(database: &TestDatabase) {
    let name = database.name();
    let sql = format!("ALTER ROLE {name}_login IN DATABASE {name} RESET lc_messages");
    database.session().batch(&sql).await.unwrap();
}

async fn diesel(
    database: &TestDatabase,
    scope: &TenantScope<Verified>,
    sql: &str,
) -> tenant_diesel::Error {
    let url = database.url(&format!("{}_login", database.name()));
    let db = tenant_diesel::TenantDb::connect(url, &tenancy()).await.unwrap();
    let mut tx = db.begin(scope).await.unwrap();
    let error = tx.raw_unchecked("the test").batch_execute(sql).await.unwrap_err();
    tenant_diesel::Error::classify(None, error)
}

async fn seaorm(
    database: &TestDatabase,
    scope: &TenantScope<Verified>,
    sql: &str,
) -> tenant_seaorm::Error {
    let url = database.url(&format!("{}_login", database.name()));
    let db = tenant_seaorm::TenantDb::connect(url, &tenancy()).await.unwrap();
    let tx = db.begin(scope).await.unwrap();
    let error = tx.raw_unchecked("the test").execute_unprepared(sql).await.unwrap_err();
    tenant_seaorm::Error::classify(None, error)
}

#[tokio::test]
#[ignore = "wants the locale de_DE.UTF-8; see the head of the file"]
async fn german_servers_errors_are_told_apart_through_both_orms() {
    let (database, scope) = german().await;
    let error = diesel(&database, &scope, FOREIGN).await;
    assert!(matches!(error, tenant_diesel::Error::RlsViolation { .. }), "{error}");
    let error = diesel(&database, &scope, UNSET).await;
    assert!(matches!(error, tenant_diesel::Error::NoTenantContext { .. }), "{error}");
    let error = diesel(&database, &scope, "TABLE undeclared").await;
    assert!(matches!(error, tenant_diesel::Error::PermissionDenied { .. }), "{error}");

    without_english(&database).await;
    let error = seaorm(&database, &scope, FOREIGN).await;
    assert!(matches!(error, tenant_seaorm::Error::RlsViolation { .. }), "{error}");
    let error = seaorm(&database, &scope, UNSET).await;
    assert!(matches!(error, tenant_seaorm::Error::NoTenantContext { .. }), "{error}");
    let error = seaorm(&database, &scope, "TABLE undeclared").await;
    assert!(matches!(error, tenant_seaorm::Error::PermissionDenied { .. }), "{error}");
}

#[tokio::test]
#[ignore = "wants the locale de_DE.UTF-8; see the head of the file"]
async fn twin_german_servers_refused_row_is_not_known_to_diesel_without_english() {
    let (database, scope) = german().await;
    without_english(&database).await;
    let error = diesel(&database, &scope, FOREIGN).await;
    assert!(matches!(error, tenant_diesel::Error::Orm(_)), "{error}");
    assert!(error.to_string().contains("Zeile"), "{error}");
}
