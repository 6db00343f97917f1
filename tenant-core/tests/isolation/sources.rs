//! Where the tenant is found: policies that applications have already.

use tenant_core::{
    Claim, Isolation, Layout, SessionError, SqlSession, TableName, Tenancy, TenantKey, TenantSource,
};
use tenant_testkit::TestDatabase;

use crate::fixture::one;

/// Notes of tenants 1 to 4, a hundred each, under policies that ask this source.
async fn notes(source: TenantSource, before: &str) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let tables = "CREATE TABLE notes (id serial PRIMARY KEY, tenant_id bigint NOT NULL, body text);
        INSERT INTO notes (tenant_id, body) SELECT 1 + n % 4, 'x' FROM generate_series(1, 400) AS n;";
    database.session().batch(&format!("{tables}{before}")).await.unwrap();
    let layout = Layout::new(database.name()).unwrap().tenant_source(source).unwrap();
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("notes"), None);
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    database.install(&isolation).await.unwrap();
    assert_eq!(isolation.diff(database.session()).await.unwrap(), []);
    database.install(&isolation).await.unwrap();
    database
}

/// As the tenant's role, with this set.
async fn ask(database: &TestDatabase, set: &str, sql: &str) -> Result<String, SessionError> {
    let session = database.session().dedicated().await.unwrap();
    let role = format!("BEGIN; SET LOCAL ROLE {}_tenant; {set}", database.name());
    session.batch(&role).await.unwrap();
    let rows = session.rows(&format!("SELECT ({sql})::text AS x"), &[]).await?;
    Ok(rows[0]["x"].as_str().unwrap_or("NULL").to_owned())
}

const SEEN: &str = "SELECT string_agg(DISTINCT tenant_id::text, ',') || ':' || count(*) FROM notes";

fn claims(json: &str) -> String {
    format!("SET LOCAL request.jwt.claims = '{json}'")
}

#[tokio::test]
async fn a_claim_of_the_token_says_whose_rows_are_seen() {
    let database = notes(TenantSource::Claim(Claim::jwt(["tenant_id"])), "").await;
    for tenant in ["1", "2"] {
        let seen = ask(&database, &claims(&format!(r#"{{"tenant_id": {tenant}}}"#)), SEEN).await;
        assert_eq!(seen.unwrap(), format!("{tenant}:100"));
    }
    // The setting is not the source.
    let error = ask(&database, "SET LOCAL app.current_tenant_id = '1'", SEEN).await.unwrap_err();
    assert_eq!(error.constraint.as_deref(), Some("tenant_no_context"), "{error}");
}

#[tokio::test]
async fn a_nested_claim_is_found_and_one_beside_it_is_not() {
    let source = TenantSource::Claim(Claim::jwt(["app_metadata", "tenant_id"]));
    let database = notes(source, "").await;
    let nested = claims(r#"{"tenant_id": 2, "app_metadata": {"tenant_id": "3"}}"#);
    assert_eq!(ask(&database, &nested, SEEN).await.unwrap(), "3:100");
    let beside = claims(r#"{"tenant_id": 2, "user_metadata": {"tenant_id": "3"}}"#);
    let error = ask(&database, &beside, SEEN).await.unwrap_err();
    assert_eq!(error.constraint.as_deref(), Some("tenant_no_context"), "{error}");
}

const AUTH: &str = "CREATE SCHEMA auth; REVOKE ALL ON SCHEMA auth FROM PUBLIC;
    CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
    REVOKE ALL ON FUNCTION auth.jwt() FROM PUBLIC;";

#[tokio::test]
async fn the_claims_of_auth_jwt_are_asked() {
    let source = TenantSource::Claim(Claim::auth_jwt(["app_metadata", "tenant_id"]));
    let database = notes(source, AUTH).await;
    let token =
        |tenant: u32| claims(&format!(r#"{{"app_metadata": {{"tenant_id": "{tenant}"}}}}"#));
    assert_eq!(ask(&database, &token(1), SEEN).await.unwrap(), "1:100");
    assert_eq!(ask(&database, &token(4), SEEN).await.unwrap(), "4:100");
    let other = "CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
        $$ SELECT '{\"app_metadata\": {\"tenant_id\": 2}}'::jsonb $$";
    database.session().batch(other).await.unwrap();
    assert_eq!(
        ask(&database, &token(1), SEEN).await.unwrap(),
        "2:100",
        "the twin: it is what is asked"
    );
}

const MEMBERS: &str = "CREATE TABLE belongs (who uuid, tenant bigint, PRIMARY KEY (who, tenant));
    INSERT INTO belongs VALUES ('00000000-0000-0000-0000-00000000000a', 1), ('00000000-0000-0000-0000-00000000000a', 2),
        ('00000000-0000-0000-0000-00000000000b', 3);";

fn members() -> TenantSource {
    TenantSource::Members {
        table: TableName::new("belongs").unwrap().in_schema("public").unwrap(),
        tenant: "tenant".to_owned(),
        user: "who".to_owned(),
        who: Claim::jwt(["sub"]),
    }
}

fn user(last: char) -> String {
    claims(&format!(r#"{{"sub": "00000000-0000-0000-0000-00000000000{last}"}}"#))
}

#[tokio::test]
async fn a_user_sees_the_rows_of_the_tenants_that_it_belongs_to() {
    let database = notes(members(), MEMBERS).await;
    assert_eq!(ask(&database, &user('a'), SEEN).await.unwrap(), "1,2:200");
    assert_eq!(ask(&database, &user('b'), SEEN).await.unwrap(), "3:100");
    assert_eq!(ask(&database, &user('c'), "SELECT count(*) FROM notes").await.unwrap(), "0");
    let chosen = format!("{}; SET LOCAL app.current_tenant_id = '2'", user('a'));
    assert_eq!(ask(&database, &chosen, SEEN).await.unwrap(), "2:100");
    let foreign = format!("{}; SET LOCAL app.current_tenant_id = '3'", user('a'));
    assert_eq!(ask(&database, &foreign, "SELECT count(*) FROM notes").await.unwrap(), "0");
    // The twin: what it is told by is the table of members.
    let join = "INSERT INTO belongs VALUES ('00000000-0000-0000-0000-00000000000c', 4)";
    database.session().batch(join).await.unwrap();
    assert_eq!(ask(&database, &user('c'), SEEN).await.unwrap(), "4:100");
}

#[tokio::test]
async fn a_new_row_is_of_the_one_tenant_or_of_the_one_that_is_chosen() {
    let database = notes(members(), MEMBERS).await;
    let insert = |set: String| {
        let all = format!(
            "BEGIN; SET LOCAL ROLE {}_tenant; {set}; INSERT INTO notes (body) VALUES ('new'); COMMIT",
            database.name()
        );
        let session = database.session();
        async move { session.batch(&all).await }
    };
    insert(user('b')).await.unwrap();
    insert(format!("{}; SET LOCAL app.current_tenant_id = '2'", user('a'))).await.unwrap();
    let error = insert(user('a')).await.unwrap_err();
    assert_eq!(
        error.constraint.as_deref(),
        Some("tenant_no_context"),
        "of which of the two? {error}"
    );
    let new =
        "SELECT string_agg(tenant_id::text, ',' ORDER BY tenant_id) FROM notes WHERE body = 'new'";
    assert_eq!(one(&database, new).await, "2,3");
}

#[tokio::test]
async fn the_tenants_role_cannot_read_the_table_of_members_itself() {
    let database = notes(members(), MEMBERS).await;
    let error = ask(&database, &user('a'), "SELECT count(*) FROM belongs").await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("42501"), "{error}");
}

/// How a tenant's query is run.
async fn plan_of(database: &TestDatabase) -> String {
    let explained = "CREATE OR REPLACE FUNCTION explained() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN
        RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM notes'; END $$";
    database.session().batch(explained).await.unwrap();
    let lines = "SELECT string_agg(line, E'\n') FROM explained() AS line";
    ask(database, &user('a'), lines).await.unwrap()
}

#[tokio::test]
async fn the_policy_over_members_uses_the_index_and_asks_once() {
    let database = notes(members(), MEMBERS).await;
    let many = "INSERT INTO notes (tenant_id) SELECT 10 + n % 2000 FROM generate_series(1, 100000) AS n; ANALYZE notes";
    database.session().batch(many).await.unwrap();
    let plan = plan_of(&database).await;
    assert!(plan.contains("notes_tenant_id_tenancy_idx"), "{plan}");
    assert!(!plan.contains("Seq Scan on notes"), "{plan}");
    let asked = plan.lines().find(|line| line.contains("ProjectSet")).unwrap();
    assert!(plan.contains("InitPlan") && asked.contains("loops=1"), "{plan}");
    // The twin: the same question without the ARRAY is asked for every row.
    let bare = "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'notes'::regclass
        AND polname ~ 'select|wall' LOOP EXECUTE format('ALTER POLICY %I ON notes USING (tenant_id IN (SELECT tenancy.current_tenants()))', p);
        END LOOP; END $$";
    database.session().batch(bare).await.unwrap();
    let plan = plan_of(&database).await;
    assert!(plan.contains("Seq Scan on notes"), "{plan}");
}

#[tokio::test]
async fn names_that_cannot_be_are_refused() {
    for source in [
        TenantSource::Claim(Claim::Setting("no dots".to_owned())),
        TenantSource::Claim(Claim::jwt([""; 0])),
        TenantSource::Claim(Claim::jwt(["a", ""])),
        TenantSource::members(Claim::auth_jwt(["a\0b"])).unwrap(),
    ] {
        assert!(Layout::new("x").unwrap().tenant_source(source.clone()).is_err(), "{source:?}");
    }
    // A path is data, not SQL.
    let source = TenantSource::Claim(Claim::jwt(["it's", r"a\b", "}$$; DROP TABLE notes; --"]));
    let database = notes(source, "").await;
    let token = claims(r#"{"it''s": {"a\\b": {"}$$; DROP TABLE notes; --": 3}}}"#);
    assert_eq!(ask(&database, &token, SEEN).await.unwrap(), "3:100");
}
