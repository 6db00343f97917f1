//! What the installer finds and will not build on, and what it does with the rights that it has.

use tenant_core::{Error, Isolation, Layout, SqlSession};
use tenant_testkit::TestDatabase;

use crate::fixture::{found, is_true, isolation, state, tenancy};

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
    assert!(matches!(error, Error::Plan { .. }));
    assert!(error.to_string().contains(r#""public"."orders" does not exist"#), "{error}");
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

/// A function that fits one of the installer's calls better than PostgreSQL's own.
async fn planted(database: &TestDatabase) -> String {
    found(database).await;
    let name = database.name();
    let planted = format!(
        "SET ROLE {name}_old;
         CREATE FUNCTION public.hashtextextended(text, int) RETURNS bigint LANGUAGE plpgsql AS
             $$ BEGIN ALTER ROLE {name}_old SUPERUSER; RETURN 0; END $$;
         RESET ROLE"
    );
    database.session().batch(&planted).await.unwrap();
    format!("(SELECT rolsuper FROM pg_roles WHERE rolname = '{name}_old')")
}

#[tokio::test]
async fn a_function_that_somebody_planted_does_not_run_as_the_installer() {
    let database = TestDatabase::create().await.unwrap();
    let is_super = planted(&database).await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert!(!is_true(&database, &is_super).await);
}

#[tokio::test]
async fn twin_where_the_applications_schema_is_searched_it_does() {
    let database = TestDatabase::create().await.unwrap();
    let is_super = planted(&database).await;
    let ours = "SET LOCAL search_path = pg_catalog, pg_temp";
    let up = isolation(&database).up();
    assert!(up.contains(ours));
    let searched = up.replace(ours, "SET LOCAL search_path = public, pg_temp");
    database.session().batch(&searched).await.unwrap();
    assert!(is_true(&database, &is_super).await);
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
