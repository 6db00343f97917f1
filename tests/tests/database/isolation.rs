//! Installing, installing again, and taking away.

use tenant_core::{Error, Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .shared_table(TableName::new("plans"))
}

/// An application as it is found: its own owner, grants to everybody, a column and an index that
/// are there already, and a database from before PostgreSQL 15.
async fn found(database: &TestDatabase) {
    let name = database.name();
    database
        .session()
        .batch(&format!(
            "CREATE ROLE {name}_old NOLOGIN;
             GRANT CREATE ON SCHEMA public TO PUBLIC;
             CREATE TABLE plans (id int PRIMARY KEY);
             CREATE TABLE orders (id serial PRIMARY KEY);
             CREATE TABLE lines (id serial PRIMARY KEY, account_id bigint DEFAULT 7);
             CREATE INDEX lines_by_account ON lines (account_id, id);
             ALTER TABLE orders OWNER TO {name}_old;
             GRANT SELECT ON orders, plans TO PUBLIC;
             GRANT USAGE ON SEQUENCE orders_id_seq TO PUBLIC;
             INSERT INTO plans VALUES (1);
             INSERT INTO lines (id) VALUES (1);"
        ))
        .await
        .unwrap();
}

/// Everything about the database that the isolation changes, as text.
const STATE: &str = r#"
    SELECT concat_ws(E'\n',
        (SELECT string_agg(format('%s.%s %s %s %s', c.relname, a.attname, a.atttypid::regtype,
                a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY c.relname, a.attnum)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
         AND NOT a.attisdropped),
        (SELECT string_agg(format('%s %s %s %s %s', relname, relowner::regrole, relrowsecurity,
                relforcerowsecurity, (SELECT string_agg(x::text, ',' ORDER BY x::text)
                    FROM aclexplode(coalesce(relacl,
                        acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) x)),
                E'\n' ORDER BY relname)
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')),
        (SELECT string_agg(indexdef, E'\n' ORDER BY indexname) FROM pg_indexes
         WHERE schemaname = 'public'),
        (SELECT string_agg(format('%s on %s', policyname, tablename), E'\n'
                ORDER BY tablename, policyname) FROM pg_policies),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_namespace,
                aclexplode(coalesce(nspacl, acldefault('n', nspowner))) x WHERE nspname = 'public'),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_database,
                aclexplode(coalesce(datacl, acldefault('d', datdba))) x
         WHERE datname = current_database()),
        (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace
         WHERE nspname NOT LIKE 'pg_%'),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_proc,
                aclexplode(coalesce(proacl, acldefault('f', proowner))) x WHERE proname ~ '^lo_?'),
        (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles
         WHERE rolname LIKE current_database() || '%')
    ) AS state"#;

async fn state(database: &TestDatabase) -> String {
    let rows = database.session().rows(STATE, &[]).await.unwrap();
    rows[0]["state"].as_str().unwrap().to_owned()
}

async fn is_true(database: &TestDatabase, sql: &str) -> bool {
    let rows = database.session().rows(&format!("SELECT ({sql}) AS x"), &[]).await.unwrap();
    rows[0]["x"].as_bool().unwrap()
}

fn isolation(database: &TestDatabase) -> Isolation {
    Isolation::new(&tenancy(), &Layout::new(database.name()).unwrap()).unwrap()
}

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
async fn rows_without_a_tenant_are_refused_and_nothing_is_changed() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.session().batch("INSERT INTO orders DEFAULT VALUES").await.unwrap();
    let before = state(&database).await;
    let error = isolation(&database).apply(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("rows that belong to no tenant"), "{error}");
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn a_tenant_column_of_another_type_is_refused() {
    let database = TestDatabase::create().await.unwrap();
    database
        .session()
        .batch(
            "CREATE TABLE plans (); CREATE TABLE orders (tenant_id uuid); CREATE TABLE lines ();",
        )
        .await
        .unwrap();
    let error = isolation(&database).apply(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("must be of type bigint"), "{error}");
}

#[tokio::test]
async fn a_missing_table_is_refused_and_nothing_is_changed() {
    let database = TestDatabase::create().await.unwrap();
    let before = state(&database).await;
    let error = isolation(&database).apply(database.session()).await.unwrap_err();
    assert!(matches!(error, Error::Session { .. }));
    assert!(error.to_string().contains("\"public.orders\" does not exist"), "{error}");
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn temp_and_create_are_taken_from_everybody_on_an_upgraded_database() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    let may = |role: &str| {
        format!(
            "has_database_privilege('{name}_{role}', '{name}', 'TEMP') \
             OR has_schema_privilege('{name}_{role}', 'public', 'CREATE')"
        )
    };
    assert!(is_true(&database, &may("old")).await, "as it was found");
    database.install(&isolation(&database)).await.unwrap();
    for role in ["login", "tenant", "shared", "registry", "old"] {
        assert!(!is_true(&database, &may(role)).await, "{role}");
    }
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
async fn a_role_that_was_there_and_may_more_than_ours_is_refused() {
    for (role, with) in [
        ("tenant", "BYPASSRLS"),
        ("login", "SUPERUSER"),
        ("shared", "NOLOGIN IN ROLE pg_read_all_data"),
    ] {
        let database = TestDatabase::create().await.unwrap();
        found(&database).await;
        let name = database.name();
        let there = format!("CREATE ROLE {name}_{role} {with}");
        database.session().batch(&there).await.unwrap();
        let before = state(&database).await;
        let error = isolation(&database).apply(database.session()).await.unwrap_err();
        assert!(error.to_string().contains("was there before"), "{role}: {error}");
        assert_eq!(state(&database).await, before);
    }
}

#[tokio::test]
async fn a_login_that_was_there_and_inherits_inherits_no_more() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    database.session().batch(&format!("CREATE ROLE {name}_login LOGIN INHERIT")).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    let login =
        tenant_diesel::PgSession::connect(database.url(&format!("{name}_login"))).await.unwrap();
    assert!(login.batch("TABLE plans").await.is_err());
}

#[tokio::test]
async fn a_function_that_somebody_planted_does_not_run_as_the_installer() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    let planted = format!(
        "SET ROLE {name}_old;
         CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS
             $$ BEGIN ALTER ROLE {name}_old SUPERUSER; RETURN ''; END $$;
         CREATE FUNCTION public.hashtextextended(text, int) RETURNS bigint LANGUAGE plpgsql AS
             $$ BEGIN ALTER ROLE {name}_old SUPERUSER; RETURN 0; END $$;
         RESET ROLE"
    );
    database.session().batch(&planted).await.unwrap();
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    let sql = format!("(SELECT rolsuper FROM pg_roles WHERE rolname = '{name}_old')");
    assert!(!is_true(&database, &sql).await);
}

#[tokio::test]
async fn a_schema_of_our_name_that_somebody_planted_is_not_used() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    let planted = format!(
        "CREATE SCHEMA tenancy AUTHORIZATION {name}_old; SET ROLE {name}_old;
         CREATE TABLE tenancy.ledger (id int, kind text, object text, before text, UNIQUE (kind, object));
         CREATE FUNCTION tenancy.planted() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN ALTER ROLE {name}_old SUPERUSER; RETURN NEW; END $$;
         CREATE TRIGGER t BEFORE INSERT ON tenancy.ledger EXECUTE FUNCTION tenancy.planted();
         RESET ROLE"
    );
    database.session().batch(&planted).await.unwrap();
    let error = isolation(&database).apply(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("somebody else's"), "{error}");
    let sql = format!("(SELECT rolsuper FROM pg_roles WHERE rolname = '{name}_old')");
    assert!(!is_true(&database, &sql).await);
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
async fn an_installer_that_is_no_superuser_installs_and_takes_away() {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name();
    let installer = format!(
        "CREATE ROLE {name}_installer LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {name}_installer;
         ALTER SCHEMA public OWNER TO {name}_installer"
    );
    database.session().batch(&installer).await.unwrap();
    let url = database.url(&format!("{name}_installer"));
    let session = tenant_diesel::PgSession::connect(url).await.unwrap();
    let tables =
        "CREATE TABLE plans (); CREATE TABLE orders (id serial); CREATE TABLE lines (id serial)";
    session.batch(tables).await.unwrap();
    let isolation = isolation(&database);
    isolation.apply(&session).await.unwrap();
    isolation.apply(&session).await.unwrap();
    isolation.revert(&session).await.unwrap();
    assert!(is_true(&database, "to_regnamespace('tenancy') IS NULL").await);
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
async fn a_single_role_that_bypasses_row_security_is_refused() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let role = format!("{}_app", database.name());
    database.session().batch(&format!("CREATE ROLE {role} LOGIN BYPASSRLS")).await.unwrap();
    let layout = Layout::single_role(&role).unwrap();
    let isolation = Isolation::new(&tenancy(), &layout).unwrap();
    let error = isolation.apply(database.session()).await.unwrap_err();
    assert!(error.to_string().contains("bypasses row security"), "{error}");
}

#[tokio::test]
async fn what_everybody_may_use_and_the_installer_cannot_take_away_is_an_error() {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name();
    let there = format!(
        "CREATE TABLE plans (); CREATE TABLE orders (id serial); CREATE TABLE lines (id serial);
         CREATE VIEW theirs AS SELECT 1 AS x; GRANT SELECT ON theirs TO PUBLIC;
         CREATE ROLE {name}_installer LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {name}_installer;
         ALTER SCHEMA public OWNER TO {name}_installer; ALTER TABLE plans OWNER TO {name}_installer;
         ALTER TABLE orders OWNER TO {name}_installer; ALTER TABLE lines OWNER TO {name}_installer"
    );
    database.session().batch(&there).await.unwrap();
    let url = database.url(&format!("{name}_installer"));
    let session = tenant_diesel::PgSession::connect(url).await.unwrap();
    let error = isolation(&database).apply(&session).await.unwrap_err();
    assert!(error.to_string().contains("everybody may use public.theirs"), "{error}");
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
