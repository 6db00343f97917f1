//! Operators that are marked LEAKPROOF: what that gives, what it must not be given for, and who
//! tells when it is gone.

use std::process::Command;

use tenant_core::{
    Isolation, Leakproof, Lint, OperatorFunction, Severity, SqlSession, adapter::StartupCheck,
};
use tenant_testkit::TestDatabase;

use crate::{
    given_back::{dumped, is_given_back},
    notes::{ask, installed, layout, marked, one, tenancy, within},
};

/// The plan of a query as the tenant that has much.
async fn plan(database: &TestDatabase, condition: &str) -> String {
    let session = within(database, "tenant", "3").await;
    let explain = format!("EXPLAIN (COSTS OFF) SELECT id FROM notes WHERE {condition}");
    let told = format!(
        "DO $$ DECLARE line text; plan text := ''; BEGIN
           FOR line IN EXECUTE {} LOOP plan := concat(plan, line, E'\\n'); END LOOP;
           RAISE EXCEPTION '%', plan; END $$",
        tenant_core::quote_literal(&explain)
    );
    session.batch(&told).await.unwrap_err().to_string()
}

const ASKED: [(&str, &str); 4] = [
    ("words @@ to_tsquery('english', 'secret')", "Index Cond: (words @@"),
    ("amount > 745", "AND (amount > "),
    ("state = 'overdue'", "AND (state = "),
    ("doc ? 'secret'", "Index Cond: (doc ? "),
];

fn plain(layout: &tenant_core::Layout) -> Isolation {
    Isolation::new(&tenancy(), layout).unwrap()
}

#[tokio::test]
async fn row_security_lets_marked_operators_use_their_index() {
    let database = installed(marked).await;
    for (condition, index) in ASKED {
        let plan = plan(&database, condition).await;
        assert!(plan.contains(index), "{condition}\n{plan}");
    }
}

#[tokio::test]
async fn twin_without_the_mark_they_are_asked_of_every_row_of_the_tenant() {
    let database = installed(plain).await;
    for (condition, index) in ASKED {
        let plan = plan(&database, condition).await;
        assert!(!plan.contains(index) && plan.contains("Filter: "), "{condition}\n{plan}");
    }
}

#[tokio::test]
async fn marks_are_given_back() {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(crate::notes::TABLE).await.unwrap();
    is_given_back(&database, &marked(&layout(&database))).await;
    // One that was there before is not ours to take.
    database.session().batch("ALTER FUNCTION numeric_eq LEAKPROOF").await.unwrap();
    is_given_back(&database, &marked(&layout(&database))).await;
}

#[tokio::test]
async fn a_mark_that_is_asked_for_no_more_goes() {
    let database = installed(marked).await;
    let marks = "SELECT count(*) FROM pg_proc WHERE proleakproof AND proname IN ('ts_match_vq', 'numeric_eq')";
    assert_eq!(crate::fixture::one(&database, marks).await, "2");
    let fewer = plain(&layout(&database)).leakproof(Leakproof::Numeric);
    fewer.apply(database.session()).await.unwrap();
    assert_eq!(crate::fixture::one(&database, marks).await, "1");
    assert_eq!(fewer.diff(database.session()).await.unwrap(), []);
}

/// What a program of PostgreSQL's says when it sends the check that pools send.
fn startup_says(database: &TestDatabase) -> String {
    let check = StartupCheck::new(&tenancy(), &layout(database), None).unwrap();
    let psql = std::env::var_os("PG_BIN_DIR").map_or_else(
        || "psql".into(),
        |folder| std::path::Path::new(&folder).join("psql").into_os_string(),
    );
    let login = database.url(&format!("{}_login", database.name()));
    let out = Command::new(psql).args(["-X", &login, "-c", check.sql()]).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[tokio::test]
async fn a_dump_loses_the_mark_and_keeps_the_word_that_there_should_be_one() {
    let database = installed(marked).await;
    let Some(dump) = dumped(&database) else { return };
    assert!(dump.contains("COMMENT ON TABLE tenancy.installed IS 'leakproof\n"), "{dump}");
    assert!(!dump.contains("ALTER FUNCTION pg_catalog"), "{dump}");
}

#[tokio::test]
async fn a_mark_that_is_gone_is_told_by_diff_lint_and_the_start_and_comes_back() {
    let database = installed(marked).await;
    let isolation = marked(&layout(&database));
    let lint = Lint::new(&tenancy());
    assert_eq!(isolation.diff(database.session()).await.unwrap(), []);
    let report = lint.run(database.session()).await.unwrap();
    assert_eq!(report.at_least(Severity::Warning).count(), 0, "{report}");
    assert_eq!(startup_says(&database), "");

    // As after a restore.
    database.session().batch("ALTER FUNCTION ts_match_vq NOT LEAKPROOF").await.unwrap();
    let differences = isolation.diff(database.session()).await.unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].object, "ts_match_vq(tsvector,tsquery)");
    let report = lint.run(database.session()).await.unwrap();
    assert_eq!(report.at_least(Severity::Warning).map(|f| f.code).collect::<Vec<_>>(), ["TEN309"]);
    let said = startup_says(&database);
    assert!(said.contains("WARNING:  TEN309 function pg_catalog.ts_match_vq"), "{said}");

    isolation.apply(database.session()).await.unwrap();
    assert_eq!(isolation.diff(database.session()).await.unwrap(), []);
    assert_eq!(startup_says(&database), "");
}

#[tokio::test]
async fn a_mark_that_somebody_else_made_is_told() {
    let database = installed(marked).await;
    database.session().batch("ALTER FUNCTION textlike LEAKPROOF").await.unwrap();
    let differences = marked(&layout(&database)).diff(database.session()).await.unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(
        differences[0].mend.as_deref(),
        Some("ALTER FUNCTION textlike(text,text) NOT LEAKPROOF")
    );
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    assert!(report.findings.iter().any(|f| f.code == "TEN310"), "{report}");
}

/// A tenant's own pattern, and a word that only another tenant has.
const ORACLE: &str = r"SELECT count(*) FROM notes WHERE body LIKE '%secret\'";
const NOBODYS: &str = r"SELECT count(*) FROM notes WHERE body LIKE '%sicret\'";

/// Attack (watch): `LIKE` is marked LEAKPROOF, and its errors tell what another tenant has.
#[tokio::test]
async fn a_mark_on_like_tells_what_others_have() {
    let database = installed(plain).await;
    database.session().batch("ALTER FUNCTION textlike LEAKPROOF").await.unwrap();
    assert_eq!(ask(&database, "3", NOBODYS).await.unwrap(), "0");
    let told = ask(&database, "3", ORACLE).await.unwrap_err().to_string();
    assert!(told.contains("must not end with escape character"), "{told}");
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    assert!(report.findings.iter().any(|f| f.code == "TEN310"), "{report}");
}

#[tokio::test]
async fn twin_without_the_mark_like_tells_nothing() {
    let database = installed(plain).await;
    assert_eq!(ask(&database, "3", NOBODYS).await.unwrap(), "0");
    assert_eq!(ask(&database, "3", ORACLE).await.unwrap(), "0");
}

const SPEAKS: &str = "CREATE FUNCTION is_short(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.001
    AS $$ BEGIN IF length($1) > 31 THEN RAISE EXCEPTION 'too long: %', $1; END IF; RETURN true; END $$;
    GRANT EXECUTE ON FUNCTION is_short(text) TO PUBLIC;";

#[tokio::test]
async fn a_function_that_fails_on_some_rows_shows_them_once_it_is_marked() {
    let database = installed(plain).await;
    database.session().batch(SPEAKS).await.unwrap();
    // Whoever writes SQL chooses the plan, too.
    let asked = async || {
        let session = within(&database, "tenant", "1").await;
        session
            .batch("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
            .await?;
        one(&*session, "SELECT count(*) FROM notes WHERE is_short(body)").await
    };
    assert_eq!(asked().await.unwrap(), "40", "the twin: not marked");
    database.session().batch("ALTER FUNCTION is_short(text) LEAKPROOF").await.unwrap();
    let told = asked().await.unwrap_err().to_string();
    assert!(told.contains("too long: the secret plan"), "{told}");
}

/// Values at the ends of their types, each asked of each, by what may be marked.
const VALUES: [(&str, &str); 3] = [
    (
        "numeric,numeric",
        "SELECT v::numeric FROM unnest(ARRAY['0', '-0.0', '1', '-1', 'NaN', 'Infinity', '-Infinity', '1e-16383',
            '1e131071', '-1e131071', '0.000000000000000000000000001', '99999999999999999999999999999.5']) v",
    ),
    ("anyenum,anyenum", "SELECT v FROM unnest(enum_range(NULL::state)) v"),
    (
        "jsonb",
        r#"SELECT v::jsonb FROM unnest(ARRAY['{}', '[]', '1', 'null', '"a"', '["a", 1, null]', '{"a": 1}', '{"": 0}',
            '[[[["a"]]]]']) v UNION ALL SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 2000) n"#,
    ),
];

fn questions(function: &OperatorFunction) -> String {
    let (name, arguments) = function.function.split_once('(').unwrap();
    let arguments = arguments.trim_end_matches(')');
    let of = |kind: &str| VALUES.iter().find(|(k, _)| *k == kind).unwrap().1;
    let words = "SELECT v::tsvector FROM unnest(ARRAY['', 'a', 'a:1A b:2,3B', '''it''''s'':16383', 'a:1,2,3,4,5,6,7,8']) v
        UNION ALL SELECT array_to_tsvector(array_agg('w' || n)) FROM generate_series(1, 5000) n";
    let queries = "SELECT v::tsquery FROM unnest(ARRAY['', 'a', '!a', 'a & b', 'a | !b', 'a <-> b', 'a <3> !(b | a:*)', 'w:*', 'a:AB']) v";
    let (left, right) = match arguments {
        "tsvector,tsquery" => (words, queries),
        "tsquery,tsvector" => (queries, words),
        "jsonb,text" => (of("jsonb"), "SELECT unnest(ARRAY['', 'a', 'k1', repeat('x', 100000)])"),
        "jsonb,text[]" => (
            of("jsonb"),
            "SELECT v::text[] FROM unnest(ARRAY['{}', '{NULL}', '{a,NULL}', '{{a,b},{c,d}}']) v",
        ),
        same => (of(same), of(same)),
    };
    format!("SELECT count({name}(l, r)) FROM ({left}) AS l (l), ({right}) AS r (r)")
}

#[tokio::test]
async fn what_may_be_marked_fails_on_no_value() {
    let database = installed(plain).await;
    let session = database.session().dedicated().await.unwrap();
    for function in Leakproof::functions().iter().filter(|f| f.mark.is_some()) {
        let asked = one(&*session, &questions(function)).await;
        assert_ne!(asked.unwrap(), "0", "{}", function.function);
    }
}

/// `AND` looks at its right side where the left is found, so a query that is too deep tells the two
/// apart: the price of `Leakproof::FullText`. A GIN index walks all of the query before it looks at
/// any row, and so fails for both or for none.
#[tokio::test]
async fn a_query_too_deep_for_the_stack_tells_words_apart_but_not_by_a_gin_index() {
    let database = installed(marked).await;
    let shallow = format!("ALTER ROLE {}_tenant SET max_stack_depth = '100kB'", database.name());
    database.session().batch(&shallow).await.unwrap();
    let session = database.session().dedicated().await.unwrap();
    session
        .batch(&format!(
            "SET max_stack_depth = '100kB'; BEGIN; SET LOCAL ROLE {}_tenant; \
        SET LOCAL app.current_tenant_id = '1'",
            database.name()
        ))
        .await
        .unwrap();
    let told_apart = async |ask: &str| {
        let told = format!(
            "DO $$ DECLARE has tsquery := 'a'; has_not tsquery := 'a'; apart int := 0; failed int := 0; one text; other text;
            BEGIN FOR n IN 1..2400 LOOP
              has := 'secret'::tsquery && has; has_not := 'sicret'::tsquery && has_not;
              CONTINUE WHEN n % 2 > 0;
              one := NULL; other := NULL;
              BEGIN {ask} USING has; EXCEPTION WHEN statement_too_complex THEN one := SQLERRM; END;
              BEGIN {ask} USING has_not; EXCEPTION WHEN statement_too_complex THEN other := SQLERRM; END;
              IF (one IS NULL) <> (other IS NULL) THEN apart := apart + 1; END IF;
              IF one IS NOT NULL THEN failed := failed + 1; END IF;
              EXIT WHEN one IS NOT NULL OR other IS NOT NULL;
            END LOOP;
            RAISE EXCEPTION 'apart % failed %', apart > 0, failed > 0; END $$"
        );
        session.batch("SAVEPOINT s").await.unwrap();
        let said = session.batch(&told).await.unwrap_err().to_string();
        session.batch("ROLLBACK TO s").await.unwrap();
        said
    };
    let row = "EXECUTE 'SELECT ''secret a''::tsvector @@ $1'";
    let said = told_apart(row).await;
    assert!(said.contains("apart t failed t"), "the twin: a row by itself: {said}");
    let said = told_apart("EXECUTE 'SELECT count(*) FROM notes WHERE words @@ (SELECT $1)'").await;
    assert!(said.contains("apart f failed t"), "{said}");
}

/// What `docs/predicates.md` says of the functions.
fn table() -> String {
    let mut text =
        String::from("| function | a query writes | marked by | why |\n|---|---|---|---|\n");
    for function in Leakproof::functions() {
        let mark = function.mark.map_or("**never**".to_owned(), |mark| format!("`{mark:?}`"));
        let name = function.function.trim_start_matches("pg_catalog.");
        let row = format!("| `{name}` | `{}` | {mark} | {} |\n", function.operator, function.why);
        text.push_str(&row.replace("?|", "?\\|"));
    }
    text
}

#[test]
fn the_document_says_of_each_function_what_the_list_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/predicates.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (head, rest) = document.split_once("<!-- functions -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end of functions -->").unwrap();
    let wanted = format!("{head}<!-- functions -->\n{}<!-- end of functions -->{tail}", table());
    if std::env::var_os("WRITE_PREDICATES_MD").is_some() {
        std::fs::write(path, wanted).unwrap();
        return;
    }
    let write = "WRITE_PREDICATES_MD=1 cargo test -p tenant-core --test isolation the_document";
    assert!(document == wanted, "write it anew: {write}");
}
