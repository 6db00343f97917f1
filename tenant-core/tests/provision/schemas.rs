use crate::fixture::{World, assert_same_dump};

#[tokio::test]
async fn a_schema_is_what_pg_dump_says_of_its_template_but_for_the_name() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    let Some(template) = world.dumped("template") else { return };
    let acme = world.dumped("acme").unwrap();
    assert_same_dump(&template.replace("template", "acme"), &acme);
}

#[tokio::test]
async fn nothing_in_a_schema_hangs_on_its_template() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    world.batch("DROP SCHEMA template CASCADE").await;
    let insert = "INSERT INTO customers (name) VALUES ('a'); \
                  INSERT INTO orders (customer) SELECT id FROM customers";
    // A sequence of no column is granted to nobody by the isolation.
    let tenant = format!("{}_tenant", world.database.name());
    world.batch(&format!("GRANT USAGE ON SEQUENCE acme.numbers TO {tenant}")).await;
    world.as_tenant(7, "acme", insert).await.unwrap();
    let numbers = "SELECT string_agg(concat_ws(' ', o.id, o.number, c.id, c.mood), ',') \
                   FROM acme.orders o JOIN acme.customers c ON c.id = o.customer";
    assert_eq!(world.one(numbers).await, "1000 100 1 happy");
}

#[tokio::test]
async fn a_schema_is_where_its_template_is_in_the_migrations_and_has_no_other_rows() {
    let world = World::open().await;
    world.batch("INSERT INTO template.scratch VALUES (1, '{}')").await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    let versions = "SELECT string_agg(version, ' ') FROM acme.seaql_migrations";
    assert_eq!(world.one(versions).await, "m1 m2");
    assert_eq!(world.one("SELECT count(*) FROM acme.scratch").await, "0");
}

#[tokio::test]
async fn the_walls_stand_in_it() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    let mine = "INSERT INTO customers (name) VALUES ('mine')";
    world.as_tenant(7, "acme", mine).await.unwrap();
    let theirs = "INSERT INTO customers (name, tenant_id) VALUES ('theirs', 8)";
    assert!(world.as_tenant(7, "acme", theirs).await.is_err());
    let seen = "DO $$ BEGIN ASSERT (SELECT count(*) FROM customers) = 0; END $$";
    world.as_tenant(8, "acme", seen).await.unwrap();
    // The twin: without the policies, the second tenant sees the first one's row.
    world.batch("ALTER TABLE acme.customers DISABLE ROW LEVEL SECURITY").await;
    assert!(world.as_tenant(8, "acme", seen).await.is_err());
}

#[tokio::test]
async fn a_schema_that_is_there_is_left_alone() {
    let world = World::open().await;
    let template = world.template().await;
    template.create(world.database.session(), "acme").await.unwrap();
    world.as_tenant(7, "acme", "INSERT INTO customers (name) VALUES ('a')").await.unwrap();
    template.create(world.database.session(), "acme").await.unwrap_err();
    assert_eq!(world.one("SELECT count(*) FROM acme.customers").await, "1");
}

#[tokio::test]
async fn hostile_names_are_names() {
    let world = World::open().await;
    let template = world.template().await;
    for name in [r#"a"; DROP SCHEMA template; --"#, "it's\nnew", "$1", "Übung ", "{0}"] {
        template.create(world.database.session(), name).await.unwrap();
        let sql = format!(
            "SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace \
             WHERE nspname = {}) AND relkind = 'r'",
            tenant_core::quote_literal(name)
        );
        assert_eq!(world.one(&sql).await, "5", "{name}");
    }
    for name in ["", "pg_x", "public", "tenancy", "common", "template", "a\0b"] {
        template.create(world.database.session(), name).await.unwrap_err();
    }
}
