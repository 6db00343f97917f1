//! `tenant.toml`: what it asks for is what there is.

use tenant_cli::Config;
use tenant_core::{
    Isolation, Layout, Leakproof, Search, SearchBy, SqlSession as _, TableName, Tenancy, TenantKey,
};

use crate::shop::{ACME, As, Shop, futures, installer};

const OTHER: &str = "0c7d2f7e-4b1a-4a9e-9d51-000000000002";

const FILE: &str = r#"
    role_prefix = "shop"
    schemas = ["sales"]
    shared_schema = "common"
    schema_roles = true
    tenant_tables = ["notes"]
    shared_tables = ["plans"]

    [isolation]
    leakproof = ["enum", "full_text"]

    [[isolation.search]]
    name = "words"
    table = "notes"
    key = "id"
    by = { words = { column = "w", configuration = "english" } }
    newest_first = "at"

    [[isolation.search]]
    name = "part"
    table = "sales.notes"
    key = "id"
    by = { part = "p" }
    oldest_first = "at"
"#;

/// The kinds of searches by one column.
fn kinds() -> [(&'static str, SearchBy); 7] {
    let column = || "c".to_owned();
    [
        ("part", SearchBy::Part { column: column() }),
        ("part_ignoring_case", SearchBy::PartIgnoringCase { column: column() }),
        ("same_ignoring_case", SearchBy::SameIgnoringCase { column: column() }),
        ("range", SearchBy::Range { column: column() }),
        ("json", SearchBy::Json { column: column() }),
        ("all_of", SearchBy::AllOf { column: column() }),
        ("any_of", SearchBy::AnyOf { column: column() }),
    ]
}

fn notes() -> TableName {
    TableName::new("notes").unwrap()
}

#[test]
fn the_file_asks_for_what_the_same_rust_asks_for() {
    let config: Config = FILE.parse().unwrap();
    let layout = Layout::new("shop").unwrap().schemas(["sales"]).unwrap();
    let layout = layout.shared_schema("common").unwrap().schema_roles();
    assert_eq!(config.layout("other").unwrap(), layout);
    let own = config.layout("other").unwrap().tenant_schema("acme").unwrap();
    assert_eq!(own.roles().tenant(), Some("shop_in_acme"));

    let tenancy = Tenancy::new(TenantKey::Uuid)
        .tenant_table(TableName::new("notes"), None)
        .shared_table(TableName::new("plans"));
    let words = SearchBy::Words { column: "w".into(), configuration: "english".into() };
    let part = SearchBy::Part { column: "p".into() };
    let isolation = Isolation::new(&tenancy, &layout)
        .unwrap()
        .leakproof(Leakproof::Enum)
        .leakproof(Leakproof::FullText)
        .search(Search::new("words", notes(), "id", words).newest_first("at"))
        .and_then(|i| i.search(Search::new("part", notes(), "id", part).oldest_first("at")))
        .unwrap();
    let (up, expected) = (config.isolation("other").unwrap().up(), isolation.up());
    assert!(up.contains("ORDER BY t.\"at\" DESC") && up.contains("ORDER BY t.\"at\" ASC"), "{up}");
    assert!(up == expected, "{up}");
}

#[test]
fn every_kind_of_search_has_its_name_in_the_file() {
    for (name, by) in kinds() {
        let head = "role_prefix = \"shop\"\ntenant_tables = [\"notes\"]\n[isolation]\n";
        let search = "name = \"n\", table = \"notes\", key = \"id\"";
        let text = format!("{head}search = [{{ {search}, by = {{ {name} = \"c\" }} }}]\n");
        let config: Config = text.parse().unwrap();
        let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("notes"), None);
        let isolation = Isolation::new(&tenancy, &Layout::new("shop").unwrap()).unwrap();
        let isolation = isolation.search(Search::new("n", notes(), "id", by)).unwrap();
        assert!(config.isolation("shop").unwrap().up() == isolation.up(), "{name}");
    }
}

/// The tenants' rows that a search finds, as the application would ask.
fn found(shop: &Shop, tenant: &str) -> Vec<i64> {
    let open = format!(
        "BEGIN; SET LOCAL ROLE {}; SELECT set_config('app.current_tenant_id', '{tenant}', true)",
        shop.role("tenant")
    );
    futures(async {
        let session = shop.db.session().dedicated().await.unwrap();
        session.batch(&open).await.unwrap();
        let rows = session.rows("SELECT tenancy.search_customers('ACME') AS id", &[]).await;
        rows.unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    })
}

#[test]
fn a_search_and_a_shared_schema_of_the_file_work_in_the_database() {
    let shop = Shop::bare();
    shop.sql("CREATE SCHEMA common; ALTER TABLE plans SET SCHEMA common");
    let asked = "shared_schema = \"common\"\n\
         [[isolation.search]]\nname = \"customers\"\ntable = \"customers\"\nkey = \"id\"\n\
         by = { part_ignoring_case = \"name\" }\noldest_first = \"id\"\n";
    shop.write("tenant.toml", &(shop.toml() + asked));
    for (tenant, id) in [(ACME, 1), (ACME, 2), (OTHER, 3)] {
        shop.sql(&format!("INSERT INTO customers VALUES ('{tenant}', {id}, 'acme {id}')"));
    }
    {
        let _alone = installer();
        let applied = shop.command(As::Superuser, &["apply", "--yes"]).output().unwrap();
        assert!(applied.status.success(), "{applied:?}");
    }
    for command in ["diff", "lint"] {
        let output = shop.command(As::Superuser, &[command]).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
    assert_eq!(found(&shop, ACME), [1, 2]);
    assert_eq!(found(&shop, OTHER), [3]);
    // A function that is gone is missed.
    shop.sql("DROP FUNCTION tenancy.search_customers");
    let differs = shop.command(As::Superuser, &["diff"]).output().unwrap();
    assert_eq!(differs.status.code(), Some(1), "{differs:?}");
}
