//! Names and values that would break a careless quoter: quoted right, or refused with a clear error.

use diesel_async::SimpleAsyncConnection;
use proptest::prelude::*;
use tenant_core::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, TableName, Tenancy, TenantId,
    TenantKey, TenantRecord, TenantScope, Verified, quote_ident,
};
use tenant_diesel::TenantDb;
use tenant_testkit::TestDatabase;

const NAMES: [&str; 11] = [
    "Capital",
    "a\"b",
    "dot.dot",
    "sp ace; --",
    "back\\slash",
    "'quote'",
    "Ünïcöde 日本",
    "$do$",
    "select",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "%I %s {}",
];

const TENANTS: [&str; 8] =
    ["'; DROP TABLE plain; --", "\\", "\\'; SELECT 1; --", "''", "\"", "日本 \u{1f600}", " ", "$$"];

async fn scope(id: &TenantId) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(id.clone(), "x")]);
    TenantScope::claim(id.clone(), Principal::Token).verify(&registry).await.unwrap()
}

/// A database whose sessions take backslashes for escapes, as before PostgreSQL 9.1, or do not.
async fn database(standard_conforming: bool) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    if !standard_conforming {
        let sql = format!(
            "ALTER DATABASE {} SET standard_conforming_strings = off",
            quote_ident(database.name()).unwrap()
        );
        database.session().batch(&sql).await.unwrap();
    }
    database
}

#[tokio::test]
async fn hostile_tables_schemas_columns_and_tenants_are_quoted_right() {
    for standard_conforming in [true, false] {
        let database = database(standard_conforming).await;
        let schema = "Sche\"ma. '\\x";
        let mut tenancy = Tenancy::new(TenantKey::Text);
        let mut create = format!("CREATE SCHEMA {};", quote_ident(schema).unwrap());
        for name in NAMES {
            let table = || TableName::new(name).unwrap().in_schema(schema).unwrap();
            tenancy = tenancy.tenant_table(Ok(table()), Some(name));
            create.push_str(&format!("CREATE TABLE {} (id serial PRIMARY KEY, v int);", table()));
        }
        // Through a session of the adapter, so that the database's setting holds for the script.
        let superuser = tenant_diesel::PgSession::connect(database.superuser_url()).await.unwrap();
        superuser.batch(&create).await.unwrap();
        let layout = Layout::new(database.name()).unwrap().schemas([schema, "public"]).unwrap();
        let isolation = Isolation::new(&tenancy, &layout).unwrap();
        isolation.apply(&superuser).await.unwrap();
        isolation.apply(&superuser).await.unwrap();

        let login = database.url(&format!("{}_login", database.name()));
        let db = TenantDb::builder(&tenancy)
            .layout(layout)
            .max_connections(1)
            .connect(login)
            .await
            .unwrap();
        for tenant in TENANTS {
            let scope = scope(&TenantId::try_from(tenant).unwrap()).await;
            for name in NAMES {
                let table = quote_ident(name).unwrap();
                let mut tx = db.begin(&scope).await.unwrap();
                tx.raw_unchecked("a hostile name")
                    .batch_execute(&format!(
                        "INSERT INTO {table} (v) VALUES (1);
                         DO $check$ BEGIN
                             ASSERT (SELECT count(*) FROM {table}) = 1;
                         END $check$"
                    ))
                    .await
                    .unwrap_or_else(|e| panic!("{name} of {tenant}: {e}"));
                tx.commit().await.unwrap();
            }
        }
        for name in NAMES {
            let table = TableName::new(name).unwrap().in_schema(schema).unwrap();
            let column = quote_ident(name).unwrap();
            let sql = format!("SELECT {column} AS tenant FROM {table} ORDER BY id");
            let rows = database.session().rows(&sql, &[]).await.unwrap();
            let tenants: Vec<&str> = rows.iter().filter_map(|row| row["tenant"].as_str()).collect();
            assert_eq!(tenants, TENANTS, "{name}");
        }
        isolation.revert(&superuser).await.unwrap();
    }
}

#[tokio::test]
async fn names_that_postgres_would_cut_are_refused_before_anything_is_sent() {
    for name in ["x".repeat(64).as_str(), "ü".repeat(32).as_str(), "", "a\0b"] {
        let tenancy = Tenancy::new(TenantKey::Text).tenant_table(TableName::new(name), None);
        let error = Isolation::new(&tenancy, &Layout::new("x").unwrap()).unwrap_err();
        assert!(error.to_string().contains("PostgreSQL identifier"), "{error}");
        let column = Tenancy::new(TenantKey::Text).tenant_table(TableName::new("t"), Some(name));
        assert!(column.check().is_err());
    }
}

/// Any text tenant arrives as it was, whatever the server takes backslashes for.
#[test]
fn any_text_tenant_arrives_unchanged() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let pools: Vec<(TestDatabase, TenantDb)> = runtime.block_on(async {
        let mut pools = Vec::new();
        for standard_conforming in [true, false] {
            let database = database(standard_conforming).await;
            let tenancy = Tenancy::new(TenantKey::Text);
            let layout = Layout::new(database.name()).unwrap();
            database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
            let login = database.url(&format!("{}_login", database.name()));
            pools.push((database, TenantDb::connect(login, &tenancy).await.unwrap()));
        }
        pools
    });
    proptest!(ProptestConfig::with_cases(200), |(text in r#"(['"\\$;]|--|\PC){1,40}"#)| {
        for (_, db) in &pools {
            let arrived = runtime.block_on(async {
                let mut tx = db.begin(&scope(&TenantId::try_from(text.as_str()).unwrap()).await).await.unwrap();
                let arrived: Arrived = tenant_diesel::RunQueryDsl::get_result(
                    tenant_diesel::sql_query("SELECT tenancy.current_tenant() AS tenant"),
                    &mut tx,
                ).await.unwrap();
                tx.commit().await.unwrap();
                arrived.tenant
            });
            prop_assert_eq!(&arrived, &text);
        }
    });
    drop(pools);
}

#[derive(diesel::QueryableByName)]
struct Arrived {
    #[diesel(sql_type = diesel::sql_types::Text)]
    tenant: String,
}
