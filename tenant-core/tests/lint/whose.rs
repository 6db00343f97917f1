//! Texts of `tenancy.current_tenant()` that look as if they read the setting, and texts that do.

use tenant_core::{Binding, Claim, Isolation, Layout, Lint, SqlSession, TenantSource};
use tenant_testkit::TestDatabase;

use crate::{
    fixture::{TABLES, codes, isolated, tenancy},
    undone::Undone,
};

const SQL: &str = "LANGUAGE sql STABLE";
const PLPGSQL: &str = "LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp";

/// Functions and operators of somebody else's.
const OTHERS: &str = r#"
    CREATE FUNCTION public.f(text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
      AS 'SELECT ''018f4e9c-0000-7000-8000-000000000001''::uuid';
    CREATE FUNCTION public.loose(text) RETURNS uuid LANGUAGE sql STABLE AS 'SELECT $1::uuid';
    CREATE FUNCTION public.through(text) RETURNS uuid LANGUAGE sql STABLE RETURN public.loose($1);
    CREATE FUNCTION public."odd na.me"(text) RETURNS uuid LANGUAGE sql STABLE RETURN public.f($1);
    CREATE OPERATOR public.# (RIGHTARG = text, FUNCTION = public.f);"#;

/// What is found in a `tenancy.current_tenant()` of this definition.
async fn found(session: &Undone, definition: &str) -> Vec<&'static str> {
    let create = "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid";
    let sql = format!("SET LOCAL check_function_bodies = off; {OTHERS} {create} {definition}");
    session.batch(&sql).await.unwrap_or_else(|why| panic!("{why}\n{definition}"));
    let report = Lint::new(&tenancy()).run(session).await.unwrap();
    session.undo().await.unwrap();
    let ours = ["TEN504", "TEN505", "TEN514"];
    codes(&report).into_iter().filter(|code| ours.contains(code)).collect()
}

async fn each(cases: &[(String, &[&str])]) {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    let mut wrong = String::new();
    for (definition, wanted) in cases {
        let found = found(&session, definition).await;
        if found != *wanted {
            wrong.push_str(&format!("{definition}\n{found:?}, not {wanted:?}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// In PL/pgSQL on a path of its own.
fn body(text: &str) -> String {
    format!("{PLPGSQL} AS $body$ BEGIN {text} END $body$")
}

#[tokio::test]
async fn the_name_of_the_setting_is_not_enough() {
    let read = "current_setting('app.current_tenant_id', true)";
    let none: &[&str] = &["TEN505"];
    let members = "RETURN (SELECT min(t::text) FROM tenancy.current_tenants() AS t)::uuid;";
    let create = "CREATE FUNCTION tenancy.current_tenants() RETURNS SETOF uuid LANGUAGE sql STABLE";
    each(&[
        (format!("{SQL} RETURN public.f('app.current_tenant_id')"), &["TEN505", "TEN514"]),
        (body("RETURN public.f('app.current_tenant_id');"), &["TEN505", "TEN514"]),
        (body("RETURN public . /* */ \"f\" ('app.current_tenant_id');"), &["TEN505", "TEN514"]),
        // In a comment, a literal, a name.
        (body(&format!("-- {read}\nRETURN NULL::uuid;")), none),
        (body(&format!("/* /* */ {read} */ RETURN NULL::uuid;")), none),
        (body("/* /* */ ' */ RETURN NULL::uuid; -- '"), none),
        (body(&format!("RAISE NOTICE $a${read}$a$; RETURN NULL::uuid;")), none),
        (body(&format!("RAISE NOTICE $${read}$$; RETURN NULL::uuid;")), none),
        (
            body("RAISE NOTICE '''current_setting(''app.current_tenant_id'')'; RETURN NULL::uuid;"),
            none,
        ),
        (
            body(r"RAISE NOTICE E'\'current_setting('app.current_tenant_id')'; RETURN NULL::uuid;"),
            none,
        ),
        // Where a literal ends here depends on standard_conforming_strings.
        (body(&format!(r"RAISE NOTICE '\'; -- '; RETURN {read}; -- '")), none),
        (body(&format!("SELECT 1 AS \"{read}\"; RETURN NULL::uuid;")), none),
        // Of another setting, or of no one setting.
        (body("RETURN current_setting('app.current_tenant_id' || '_2')::uuid;"), none),
        (body("RETURN current_setting('app.current_tenant_id_2', true)::uuid;"), none),
        // Some other function of that name.
        (body("RETURN public.current_setting('app.current_tenant_id');"), none),
        (body("RETURN \"CURRENT_SETTING\"('app.current_tenant_id');"), none),
        (body("RETURN x\u{a0}current_setting('app.current_tenant_id');"), none),
        // What only we may be asked for.
        (body("RETURN tenancy.no_tenant();"), none),
        (body("RETURN id FROM tenancy.tenants LIMIT 1; -- tenancy.current_tenants()"), none),
        (body(members), none),
        (format!("{}; {create} RETURN gen_random_uuid()", body(members)), none),
        (format!("{}; {create} RETURN {read}::uuid", body(members)), &[]),
        (body("RAISE NOTICE 'auth.jwt() request.jwt.claims'; RETURN NULL::uuid;"), none),
    ])
    .await;
}

#[tokio::test]
async fn whoever_reads_the_setting_in_other_words_is_clean() {
    each(&[
        (format!("{SQL} RETURN current_setting('app.current_tenant_id')::uuid"), &[]),
        (format!("{SQL} RETURN pg_catalog.current_setting('app.current_tenant_id'::text)::uuid"), &[]),
        (format!("{SQL} BEGIN ATOMIC SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid; END"), &[]),
        (body("RETURN pg_catalog . /* ours */ \"current_setting\" -- here\n ( 'app.current_tenant_id' , true)::uuid;"), &[]),
        (body("RETURN CURRENT_SETTING(E'App.Current_Tenant_Id')::uuid;"), &[]),
        (body("RETURN current_setting($$app.current_tenant_id$$)::uuid;"), &[]),
        (body("IF '$a$' ~ '^\\d+''$' THEN END IF; RETURN current_setting('app.current_tenant_id')::uuid;"), &[]),
        (body("RETURN (current_setting('request.jwt.claims')::json ->> 'tenant_id')::uuid;"), &[]),
        (body("RETURN (auth.jwt() ->> 'tenant_id')::uuid;"), &[]),
        (format!("{SQL} SET search_path = pg_catalog, tenancy, pg_temp AS 'SELECT current_setting(''app.current_tenant_id'')::uuid'"), &[]),
        (body(&format!("RETURN current_setting('app.current_tenant_id')::uuid; /*{}*/", "é".repeat(30_000))), &[]),
        // A text that is too long is not read to its end.
        (body(&format!("/*{}*/ RETURN current_setting('app.current_tenant_id')::uuid;", "é".repeat(30_000))), &["TEN505"]),
    ])
    .await;
}

#[tokio::test]
async fn a_setting_that_it_sets_itself_says_nothing() {
    let read = "RETURN current_setting('app.current_tenant_id')::uuid;";
    let own = "SET app.current_tenant_id = '018f4e9c-0000-7000-8000-000000000001'";
    each(&[
        (
            body(&format!("PERFORM set_config('app.current_tenant_id', '7', true); {read}")),
            &["TEN505"],
        ),
        (
            body(&format!("PERFORM pg_catalog.\"set_config\"('search_path', 'x', true); {read}")),
            &["TEN505"],
        ),
        (body(&format!("-- set_config('app.current_tenant_id', '7', true)\n{read}")), &[]),
        (format!("{own} {}", body(read)), &["TEN505"]),
        (format!("{own} {SQL} RETURN current_setting('app.current_tenant_id')::uuid"), &["TEN505"]),
    ])
    .await;
}

#[tokio::test]
async fn what_else_decides_is_named() {
    let read = "current_setting('app.current_tenant_id')";
    each(&[
        (format!("{SQL} RETURN public.f({read})"), &["TEN514"]),
        // Its path is the caller's, as there is no other on the way.
        (format!("{SQL} RETURN public.loose({read})"), &["TEN504", "TEN514"]),
        (format!("{SQL} RETURN public.through({read})"), &["TEN504", "TEN514"]),
        (
            format!("{SQL} SET search_path = pg_catalog, pg_temp RETURN public.through({read})"),
            &["TEN514"],
        ),
        (format!("{SQL} RETURN OPERATOR(public.#) {read}"), &["TEN514"]),
        (body(&format!("RETURN OPERATOR(public.#) {read};")), &["TEN514"]),
        (body(&format!("RETURN public.\"odd na.me\"({read});")), &["TEN514"]),
        (body(&format!("RETURN PUBLIC . F ({read});")), &["TEN514"]),
        (body(&format!("RAISE NOTICE 'public.f({{}})'; RETURN {read}::uuid;")), &[]),
        (body(&format!("PERFORM {read}; EXECUTE 'SELECT 1';")), &["TEN514"]),
        (body(&format!("RETURN QUERY EXECUTE {read};")), &["TEN514"]),
        // Put together, it is not read.
        (
            body("EXECUTE 'SELECT current_setting(''app.current_tenant_id'')';"),
            &["TEN505", "TEN514"],
        ),
    ])
    .await;
}

/// A path that leads to somebody else's function of that name first.
#[tokio::test]
async fn another_current_setting_on_the_path_is_seen() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    let other = "CREATE SCHEMA own; CREATE FUNCTION own.current_setting(text, boolean) RETURNS text LANGUAGE sql AS 'SELECT ''7''';";
    for (path, names, wanted) in [
        ("pg_catalog, pg_temp", "current_setting", vec![]),
        ("own, pg_catalog, pg_temp", "current_setting", vec!["TEN504", "TEN505"]),
        ("own, pg_catalog, pg_temp", "pg_catalog.current_setting", vec!["TEN504"]),
        ("\"$user\", pg_catalog", "current_setting", vec!["TEN504", "TEN505"]),
        ("public, pg_catalog", "current_setting", vec!["TEN504"]),
    ] {
        let definition = format!(
            "LANGUAGE plpgsql STABLE SET search_path = {path} AS $a$ BEGIN RETURN {names}('app.current_tenant_id', true)::uuid; END $a$"
        );
        session.batch(other).await.unwrap();
        assert_eq!(found(&session, &definition).await, wanted, "{path}: {names}");
    }
    // The caller's path decides.
    session.batch(other).await.unwrap();
    let open = "LANGUAGE sql STABLE AS $a$ SELECT current_setting('app.current_tenant_id', true)::uuid $a$";
    assert_eq!(found(&session, open).await, ["TEN504", "TEN505"]);
    // Looked up when it was made, it is the one that stood first then.
    session.batch(other).await.unwrap();
    let own = format!("{SQL} RETURN own.current_setting('app.current_tenant_id', true)::uuid");
    assert_eq!(found(&session, &own).await, ["TEN504", "TEN505", "TEN514"]);
}

/// What `Isolation` makes of each source is read as what it is.
#[tokio::test]
async fn our_own_texts_are_clean() {
    let sources = [
        TenantSource::Setting,
        TenantSource::Claim(Claim::Setting("app.shop".to_owned())),
        TenantSource::Claim(Claim::jwt(["tenant_id"])),
        TenantSource::Claim(Claim::auth_jwt(["tenant_id"])),
        TenantSource::members(Claim::jwt(["sub"])).unwrap(),
    ];
    let layouts = sources.map(|source| (source, Binding::Automatic));
    let sealed =
        [Binding::Sealed, Binding::Guarded].map(|binding| (TenantSource::Setting, binding));
    for (source, binding) in layouts.into_iter().chain(sealed) {
        let db = TestDatabase::create().await.unwrap();
        let auth = "CREATE SCHEMA auth; CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT ''{}''::jsonb';";
        db.session().batch(&format!("{auth} {TABLES}")).await.unwrap();
        let said = format!("{source:?} {binding:?}");
        let layout = Layout::new(db.name()).unwrap().binding(binding);
        let layout = layout.tenant_source(source).unwrap();
        db.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
        let report = Lint::new(&tenancy()).layout(&layout).run(db.session()).await.unwrap();
        let ours = report.findings.iter().filter(|f| f.object.contains("tenancy.current_tenant"));
        assert_eq!(ours.count(), 0, "{said}\n{report}");
    }
}
