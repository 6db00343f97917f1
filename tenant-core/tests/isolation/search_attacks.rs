//! What somebody would do to a search function: call it, replace it, plant something in its way, or
//! ask what fails.

use proptest::{prelude::*, test_runner::TestRunner};
use tenant_core::{Lint, SqlSession};
use tenant_testkit::TestDatabase;

use crate::{
    fixture,
    notes::{ask, installed, isolation, layout, one, tenancy, within},
};

const WHALES: &str = "SELECT count(*) FROM tenancy.search_words('whale')";

/// Attack (roles): another role calls a search function.
#[tokio::test]
async fn nobody_but_the_tenants_role_calls_it() {
    let database = installed(isolation).await;
    let name = database.name();
    let stranger =
        format!("CREATE ROLE {name}_stranger; GRANT USAGE ON SCHEMA tenancy TO {name}_stranger");
    database.session().batch(&stranger).await.unwrap();
    for role in ["login", "shared", "registry", "admin", "analytics", "staff", "stranger"] {
        let session = within(&database, role, "1").await;
        let said = one(&*session, WHALES).await.unwrap_err();
        assert_eq!(said.sqlstate.as_deref(), Some("42501"), "{role}: {said}");
    }
    assert_eq!(ask(&database, "1", WHALES).await.unwrap(), "4");
    // The twin: one that was left to everybody.
    database
        .session()
        .batch("GRANT EXECUTE ON FUNCTION tenancy.search_words TO PUBLIC")
        .await
        .unwrap();
    let session = within(&database, "stranger", "1").await;
    assert_eq!(one(&*session, WHALES).await.unwrap(), "4");
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    let told = report.findings.iter().find(|f| f.code == "TEN513").unwrap();
    assert_eq!(told.found, "everybody may call it");
    let differences = isolation(&layout(&database)).diff(database.session()).await.unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
}

#[tokio::test]
async fn without_a_tenant_it_finds_nothing_but_fails() {
    let database = installed(isolation).await;
    let said = ask(&database, "", WHALES).await.unwrap_err();
    assert_eq!(said.constraint.as_deref(), Some("tenant_no_context"), "{said}");
}

/// Attack (roles): a search function is replaced, altered, dropped or granted on.
#[tokio::test]
async fn nobody_of_ours_replaces_alters_or_drops_it_or_becomes_its_owner() {
    let database = installed(isolation).await;
    let name = database.name();
    let attempts = [
        "CREATE OR REPLACE FUNCTION tenancy.search_words(words text, most bigint DEFAULT NULL)
            RETURNS SETOF bigint LANGUAGE sql AS 'SELECT id FROM public.notes'"
            .to_owned(),
        "CREATE FUNCTION tenancy.search_words(words varchar) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 1::bigint'"
            .to_owned(),
        "ALTER FUNCTION tenancy.search_words RESET ALL".to_owned(),
        "ALTER FUNCTION tenancy.search_words SECURITY INVOKER".to_owned(),
        "DROP FUNCTION tenancy.search_words".to_owned(),
        "GRANT EXECUTE ON FUNCTION tenancy.search_words TO PUBLIC".to_owned(),
        format!("SET LOCAL ROLE {name}_search"),
        format!("GRANT {name}_search TO {name}_tenant"),
    ];
    for role in ["tenant", "login", "shared", "admin"] {
        for attempt in &attempts {
            let session = database.session().dedicated().await.unwrap();
            session
                .batch(&format!("SET SESSION AUTHORIZATION {name}_{role}; BEGIN"))
                .await
                .unwrap();
            let outcome = session.batch(attempt).await;
            // GRANT by one who may not is a warning, and nothing is granted.
            let harmless = attempt.starts_with("GRANT EXECUTE");
            assert!(outcome.is_err() || harmless, "{role}: {attempt}");
        }
    }
    assert_eq!(isolation(&layout(&database)).diff(database.session()).await.unwrap(), []);
}

#[tokio::test]
async fn its_owner_logs_in_nowhere_is_nobody_and_reads_the_searched_columns_alone() {
    let database = installed(isolation).await;
    let name = database.name();
    let is = format!(
        "SELECT concat_ws(' ', rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolinherit,
            (SELECT count(*) FROM pg_auth_members WHERE roleid = r.oid OR member = r.oid))
         FROM pg_roles r WHERE rolname = '{name}_search'"
    );
    assert_eq!(fixture::one(&database, &is).await, "f f t f f 0");
    for forbidden in [
        "SELECT mine FROM notes",
        "INSERT INTO notes (tenant_id, body) VALUES (1, 'x')",
        "UPDATE notes SET body = 'x'",
        "DELETE FROM notes",
        "SELECT * FROM tenancy.tenants",
        "SELECT * FROM tenancy.seal_keys",
        "CREATE TABLE tenancy.x ()",
        "CREATE TABLE public.x ()",
        "CREATE TEMPORARY TABLE x ()",
    ] {
        let session = within(&database, "search", "1").await;
        let said = session.batch(forbidden).await.unwrap_err();
        assert_eq!(said.sqlstate.as_deref(), Some("42501"), "{forbidden}: {said}");
    }
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    assert!(!report.findings.iter().any(|f| f.code == "TEN512"), "{report}");
    // The twin: an owner that may do more is told of.
    let more =
        format!("GRANT INSERT ON notes TO {name}_search; GRANT {name}_search TO {name}_staff");
    database.session().batch(&more).await.unwrap();
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    let told = report.findings.iter().find(|f| f.code == "TEN512").unwrap();
    assert!(
        told.found.contains("may insert all of public.notes") && told.found.contains("is a member"),
        "{}",
        told.found
    );
}

/// A function and an operator of the tenant's making, in a schema that it puts before all others.
async fn planted(database: &TestDatabase) {
    let name = database.name();
    let planted = format!(
        "CREATE SCHEMA evil AUTHORIZATION {name}_tenant; SET ROLE {name}_tenant;
         CREATE FUNCTION evil.websearch_to_tsquery(regconfig, text) RETURNS tsquery LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''it runs as %'', current_user; END';
         CREATE FUNCTION evil.length(text) RETURNS int LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''it runs as %'', current_user; END';
         CREATE FUNCTION evil.same(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''it runs as %'', current_user; END';
         CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.same);
         GRANT USAGE ON SCHEMA evil TO PUBLIC; RESET ROLE"
    );
    database.session().batch(&planted).await.unwrap();
}

/// Attack (roles): functions and operators are planted where a search function might look.
#[tokio::test]
async fn what_is_planted_on_the_callers_path_is_not_called() {
    let database = installed(isolation).await;
    planted(&database).await;
    let session = within(&database, "tenant", "1").await;
    session.batch("SET LOCAL search_path = evil, pg_catalog, public").await.unwrap();
    assert_eq!(one(&*session, WHALES).await.unwrap(), "4");
    // The twin: without its own path it runs what the caller planted, as its owner.
    database
        .session()
        .batch("ALTER FUNCTION tenancy.search_words RESET search_path")
        .await
        .unwrap();
    let session = within(&database, "tenant", "1").await;
    session.batch("SET LOCAL search_path = evil, pg_catalog, public").await.unwrap();
    let said = one(&*session, WHALES).await.unwrap_err().to_string();
    assert!(said.contains(&format!("it runs as {}_search", database.name())), "{said}");
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    assert!(report.findings.iter().any(|f| f.code == "TEN513"), "{report}");
}

/// Attack (rows): a search asks for a pattern that fails on another tenant's row.
#[tokio::test]
async fn no_pattern_of_the_callers_fails_on_others_rows() {
    let database = installed(isolation).await;
    let asked = r"SELECT count(*) FROM tenancy.search_part('the secret plan\')";
    assert_eq!(ask(&database, "1", asked).await.unwrap(), "0");
    let nobodys = r"SELECT count(*) FROM tenancy.search_part('the secret plot\')";
    assert_eq!(ask(&database, "1", nobodys).await.unwrap(), "0");
    // The twin: the same function, with a pattern that the caller makes.
    let raw = format!(
        "CREATE FUNCTION tenancy.search_raw(pattern text) RETURNS SETOF bigint LANGUAGE plpgsql STABLE
            SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS
            $$ DECLARE whose bigint := tenancy.current_tenant(); BEGIN
               RETURN QUERY SELECT t.id FROM public.notes t WHERE t.tenant_id = whose AND t.body LIKE $1; END $$;
         REVOKE ALL ON FUNCTION tenancy.search_raw FROM PUBLIC;
         GRANT EXECUTE ON FUNCTION tenancy.search_raw TO {0}_tenant;
         ALTER FUNCTION tenancy.search_raw OWNER TO {0}_search;",
        database.name()
    );
    database.session().batch(&raw).await.unwrap();
    let ask_raw = |pattern: &str| format!("SELECT count(*) FROM tenancy.search_raw('{pattern}')");
    assert_eq!(ask(&database, "3", &ask_raw(r"%the secret plot\")).await.unwrap(), "0");
    let told = ask(&database, "3", &ask_raw(r"%the secret plan\")).await.unwrap_err().to_string();
    assert!(told.contains("must not end with escape character"), "{told}");
}

/// Attack (rows): a search is so deep that it fails on another tenant's row.
#[tokio::test]
async fn a_question_that_could_run_out_of_stack_is_refused_whatever_the_rows() {
    let database = installed(isolation).await;
    for tenant in ["1", "2"] {
        for (call, refusal) in [
            ("search_words(repeat('secret ', 150))", "at most 1000 characters"),
            ("search_part(repeat('x', 1001))", "at most 1000 characters"),
            ("search_title(repeat('x', 1001))", "at most 1000 characters"),
            (
                "search_doc((repeat('{\"secret\": ', 101) || '1' || repeat('}', 101))::jsonb)",
                "at most 100 arrays and objects",
            ),
        ] {
            let said =
                ask(&database, tenant, &format!("SELECT count(*) FROM tenancy.{call}")).await;
            let said = said.unwrap_err();
            assert!(said.to_string().contains(refusal), "{call}: {said}");
            assert_eq!(said.sqlstate.as_deref(), Some("22023"));
        }
    }
}

/// Without a bound, a deep question fails on the rows that are like it and only on those: why `@>`
/// must not be marked, and why a search refuses one.
#[tokio::test]
async fn twin_a_deep_question_fails_on_rows_that_are_like_it() {
    let database = installed(isolation).await;
    let session = database.session().dedicated().await.unwrap();
    session.batch("SET max_stack_depth = '100kB'").await.unwrap();
    let apart = "DO $$ DECLARE deep jsonb := '1'; other jsonb := '2'; one text; two text; apart boolean := false; r boolean;
        BEGIN FOR n IN 1..1500 LOOP
          BEGIN deep := jsonb_build_object('a', deep); other := jsonb_build_object('b', 1);
          EXCEPTION WHEN statement_too_complex THEN EXIT; END;
          one := NULL; two := NULL;
          BEGIN r := deep @> deep; EXCEPTION WHEN statement_too_complex THEN one := SQLERRM; END;
          BEGIN r := other @> deep; EXCEPTION WHEN statement_too_complex THEN two := SQLERRM; END;
          IF (one IS NULL) <> (two IS NULL) THEN apart := true; EXIT; END IF;
        END LOOP; RAISE EXCEPTION 'apart %', apart; END $$";
    let said = session.batch(apart).await.unwrap_err().to_string();
    assert!(said.contains("apart t"), "{said}");
}

/// Whatever is searched for is a text, and is found where it stands.
#[test]
fn any_text_is_searched_as_it_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(installed(isolation));
    let session = runtime.block_on(within(&database, "tenant", "2"));
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() };
    let texts = prop_oneof![
        r#"(%|_|\\|'|"|;|\$|[a-z ]|\PC){1,8}"#,
        proptest::sample::subsequence(
            "the secret plan: 100% _quiet_ \\ done".chars().collect::<Vec<_>>(),
            1..6
        )
        .prop_map(|chars| chars.into_iter().collect::<String>()),
    ];
    TestRunner::new(config)
        .run(&texts, |text| {
            let text = tenant_core::quote_literal(&text);
            let sql = format!(
                "SELECT (SELECT count(*) FROM tenancy.search_part({text})) || ' ' ||
                 (SELECT count(*) FROM notes WHERE strpos(body, {text}) > 0)"
            );
            let both = runtime.block_on(one(&*session, &sql)).unwrap();
            let (found, wanted) = both.split_once(' ').unwrap();
            prop_assert_eq!(found, wanted, "{}", text);
            // Whatever people type is a question.
            for kind in ["words", "ignoring_case", "title"] {
                let sql = format!("SELECT count(*) FROM tenancy.search_{kind}({text})");
                prop_assert!(runtime.block_on(one(&*session, &sql)).is_ok(), "{}", text);
            }
            Ok(())
        })
        .unwrap();
}
