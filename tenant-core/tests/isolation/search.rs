//! Search functions: what they find, that they find it by the index, and that they come and go.

use tenant_core::{
    Claim, Isolation, Layout, Lint, Probe, Search, SearchBy, Severity, SqlSession, TableName,
    Tenancy, TenantKey, TenantSource,
};
use tenant_testkit::TestDatabase;

use crate::{
    given_back::is_given_back,
    installers::{As, owner},
    notes::{TABLE, ask, installed, isolation, layout, one, sealed, searches, tenancy, within},
};

/// Each search, and the same as a condition that runs under the policies.
const SAME: [(&str, &str); 14] = [
    ("search_words('whale')", "words @@ websearch_to_tsquery('english', 'whale')"),
    (
        "search_words('whale -\"number 10\"')",
        "words @@ websearch_to_tsquery('english', 'whale -\"number 10\"')",
    ),
    ("search_words('')", "false"),
    ("search_part('Whale')", "body LIKE '%Whale%'"),
    ("search_part('%')", "strpos(body, '%') > 0"),
    ("search_part('_quiet_ \\')", "strpos(body, '_quiet_ \\') > 0"),
    ("search_ignoring_case('whALE')", "body ILIKE '%whale%'"),
    ("search_title('NOTE 7')", "lower(title) = 'note 7'"),
    ("search_amount(3, 5.25)", "amount BETWEEN 3 AND 5.25"),
    ("search_amount(NULL, 1)", "amount <= 1"),
    ("search_state('paid', NULL)", "state >= 'paid'"),
    ("search_doc('{\"in\": {\"deep\": 2}}')", "doc @> '{\"in\": {\"deep\": 2}}'"),
    ("search_all_tags('{t1,all}')", "tags @> '{t1,all}'"),
    ("search_any_tag('{t1,secret}')", "tags && '{t1,secret}'"),
];

/// Keys, the newest first, as one text.
fn found(by: &str) -> String {
    format!(
        "SELECT string_agg(id::text, ',' ORDER BY n) FROM tenancy.{by} WITH ORDINALITY AS f (id, n)"
    )
}

#[tokio::test]
async fn a_search_finds_what_the_condition_finds_in_its_tenants_rows() {
    let database = installed(isolation).await;
    for tenant in ["1", "2", "3", "4"] {
        for (search, condition) in SAME {
            let wanted = format!(
                "SELECT string_agg(id::text, ',' ORDER BY id DESC) FROM notes WHERE {condition}"
            );
            let wanted = ask(&database, tenant, &wanted).await.unwrap();
            let found = ask(&database, tenant, &found(search)).await.unwrap();
            assert_eq!(found, wanted, "{tenant}: {search}");
            assert_eq!(found == "NULL", tenant == "4" || wanted == "NULL", "{search}");
        }
    }
}

#[tokio::test]
async fn it_stops_where_the_caller_has_enough_and_joins_a_query_under_the_policies() {
    let database = installed(isolation).await;
    let three = ask(&database, "3", &found("search_part('note', 3)")).await.unwrap();
    assert_eq!(three.split(',').count(), 3, "{three}");
    let newest = "SELECT count(*) || ' of ' || max(id) FROM notes
        WHERE id IN (SELECT tenancy.search_words('whale', 2))";
    let all = "SELECT 2 || ' of ' || max(id) FROM notes WHERE body LIKE '%Whale%'";
    assert_eq!(ask(&database, "2", newest).await.unwrap(), ask(&database, "2", all).await.unwrap());
}

#[tokio::test]
async fn it_reads_by_the_index_what_the_tenants_own_query_reads_row_by_row() {
    let database = installed(isolation).await;
    let read =
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'notes'";
    for (search, condition) in [
        (
            "search_words('\"number 77\"')",
            "words @@ websearch_to_tsquery('english', '\"number 77\"')",
        ),
        ("search_amount(749.5, NULL)", "amount >= 749.5"),
        ("search_title('note 77')", "lower(title) = 'note 77'"),
        ("search_any_tag('{secret}')", "tags && '{secret}'"),
    ] {
        let session = within(&database, "tenant", "3").await;
        one(&*session, &format!("SELECT count(*) FROM tenancy.{search}")).await.unwrap();
        let by_search: u32 = one(&*session, read).await.unwrap().parse().unwrap();
        assert!(by_search < 20, "{search} has read {by_search}");
        let session = within(&database, "tenant", "3").await;
        one(&*session, &format!("SELECT count(*) FROM notes WHERE {condition}")).await.unwrap();
        let by_query: u32 = one(&*session, read).await.unwrap().parse().unwrap();
        assert!(by_query >= 3000, "{condition} has read {by_query}");
    }
}

#[tokio::test]
async fn it_is_clean_by_lint_probe_and_diff() {
    let database = installed(isolation).await;
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    // Nothing waits for a search any more; `doc ? …` waits for a mark.
    assert_eq!(report.at_least(Severity::Warning).count(), 0, "{report}");
    assert!(!report.findings.iter().any(|f| f.code == "TEN235"), "{report}");
    assert!(!report.findings.iter().any(|f| f.code == "TEN236"), "{report}");
    assert_eq!(isolation(&layout(&database)).diff(database.session()).await.unwrap(), []);
    let login = database.session_as(&format!("{}_login", database.name()));
    let report = Probe::new(&tenancy()).layout(&layout(&database)).run(&login).await.unwrap();
    assert_eq!(report.at_least(Severity::Warning).count(), 0, "{report}");
}

#[tokio::test]
async fn twin_without_it_lint_names_the_indexes_that_wait() {
    let database = installed(|layout| Isolation::new(&tenancy(), layout).unwrap()).await;
    let report = Lint::new(&tenancy()).run(database.session()).await.unwrap();
    let named = |code: &str| {
        let findings = report.findings.iter().filter(|f| f.code == code);
        findings.map(|f| f.object.trim_start_matches("index public.")).collect::<Vec<_>>()
    };
    assert_eq!(named("TEN234"), ["notes_amount", "notes_state", "notes_words"], "{report}");
    assert_eq!(named("TEN235"), ["notes_body", "notes_doc", "notes_tags"], "{report}");
    assert_eq!(named("TEN236"), ["notes_title"], "{report}");
}

#[tokio::test]
async fn running_it_again_changes_nothing_and_what_is_declared_no_more_goes() {
    let database = installed(isolation).await;
    let functions = "SELECT string_agg(proname, ',' ORDER BY proname) FROM pg_proc
        WHERE pronamespace = 'tenancy'::regnamespace AND starts_with(proname::text, 'search_')";
    let all = crate::fixture::one(&database, functions).await;
    assert_eq!(all.split(',').count(), searches().len());
    database.install(&isolation(&layout(&database))).await.unwrap();
    let plan = isolation(&layout(&database)).plan(database.session()).await.unwrap();
    assert!(plan.is_empty(), "{plan}");

    // The same name for another question, with another parameter.
    let by = SearchBy::Range { column: "amount".to_owned() };
    let other = Search::new("words", TableName::new("notes").unwrap(), "id", by);
    let fewer = Isolation::new(&tenancy(), &layout(&database)).unwrap().search(other).unwrap();
    fewer.apply(database.session()).await.unwrap();
    assert_eq!(crate::fixture::one(&database, functions).await, "search_words");
    assert_eq!(
        ask(&database, "1", &found("search_words(0.25, 0.25)")).await.unwrap().split(',').count(),
        1
    );
    let reads = format!(
        "SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute
         WHERE attrelid = 'notes'::regclass AND has_column_privilege('{}_search', attrelid, attnum, 'SELECT')
         AND attnum > 0 AND NOT attisdropped",
        database.name()
    );
    assert_eq!(crate::fixture::one(&database, &reads).await, "amount,id,tenant_id");
    assert_eq!(fewer.diff(database.session()).await.unwrap(), []);

    let none = Isolation::new(&tenancy(), &layout(&database)).unwrap();
    none.apply(database.session()).await.unwrap();
    assert_eq!(crate::fixture::one(&database, functions).await, "NULL");
    let policies = "SELECT count(*) FROM pg_policy WHERE polname LIKE 'tenancy_search%'";
    assert_eq!(crate::fixture::one(&database, policies).await, "0");
}

#[tokio::test]
async fn it_is_given_back() {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(TABLE).await.unwrap();
    is_given_back(&database, &isolation(&layout(&database))).await;
    for binding in [tenant_core::Binding::Sealed, tenant_core::Binding::Guarded] {
        is_given_back(&database, &isolation(&layout(&database).binding(binding))).await;
    }
}

#[tokio::test]
async fn an_installer_that_is_no_superuser_makes_it_and_is_not_its_role_afterwards() {
    let database = TestDatabase::create().await.unwrap();
    let installer: As = owner(&database).await;
    database.session().batch("CREATE EXTENSION pg_trgm").await.unwrap();
    installer.batch(&TABLE.replace("CREATE EXTENSION pg_trgm;", "")).await.unwrap();
    let isolation = isolation(&layout(&database));
    isolation.apply(&installer).await.unwrap();
    installer.batch(&isolation.up()).await.unwrap();
    assert_eq!(isolation.diff(&installer).await.unwrap(), []);
    let member = format!("pg_has_role('{0}_installer', '{0}_search', 'USAGE')", database.name());
    assert_eq!(crate::fixture::one(&database, &member).await, "false");
    let creates =
        format!("has_schema_privilege('{}_search', 'tenancy', 'CREATE')", database.name());
    assert_eq!(crate::fixture::one(&database, &creates).await, "false");
    // Marks want more than that.
    let marked = isolation.leakproof(tenant_core::Leakproof::Numeric);
    let refused = installer.batch(&marked.up()).await.unwrap_err().to_string();
    assert!(refused.contains("wants a superuser"), "{refused}");
    installer.batch("ROLLBACK").await.unwrap();
    marked.revert(&installer).await.unwrap();
}

#[tokio::test]
async fn it_searches_all_tenants_of_a_member() {
    let database = TestDatabase::create().await.unwrap();
    let members = "CREATE TABLE members (who text, tenant bigint);
        INSERT INTO members VALUES ('alice', 1), ('alice', 2), ('bob', 2);";
    database.session().batch(&format!("{TABLE} {members}")).await.unwrap();
    let source = TenantSource::Members {
        table: TableName::new("members").and_then(|t| t.in_schema("public")).unwrap(),
        tenant: "tenant".to_owned(),
        user: "who".to_owned(),
        who: Claim::jwt(["sub"]),
    };
    let layout = layout(&database).tenant_source(source).unwrap();
    database.install(&isolation(&layout)).await.unwrap();
    let rows =
        "INSERT INTO notes (tenant_id, body) SELECT n, 'a whale' FROM generate_series(1, 3) AS n";
    database.session().batch(rows).await.unwrap();
    for (who, wanted) in [("alice", "2"), ("bob", "1"), ("eve", "0")] {
        let session = database.session().dedicated().await.unwrap();
        let begin = format!(
            r#"BEGIN; SET LOCAL ROLE {}_tenant; SET LOCAL request.jwt.claims = '{{"sub": "{who}"}}'"#,
            database.name()
        );
        session.batch(&begin).await.unwrap();
        let found = one(&*session, "SELECT count(*) FROM tenancy.search_words('whale')").await;
        assert_eq!(found.unwrap(), wanted, "{who}");
    }
}

#[tokio::test]
async fn a_seal_is_asked_for_here_too() {
    let database = sealed().await;
    let forged = ask(&database, "1", "SELECT count(*) FROM tenancy.search_words('whale')").await;
    assert_eq!(forged.unwrap_err().constraint.as_deref(), Some("tenant_not_sealed"));
    // The twin: where no seal is demanded, the setting is believed.
    let plain = installed(isolation).await;
    let said = ask(&plain, "1", "SELECT count(*) FROM tenancy.search_words('whale')").await;
    assert_eq!(said.unwrap(), "4");
}

#[tokio::test]
async fn names_that_need_quotes_are_quoted_and_no_parameter_is_taken_for_a_column() {
    let database = TestDatabase::create().await.unwrap();
    let table = r#"CREATE SCHEMA "my ""schema""";
        CREATE TABLE "my ""schema"""."in'voi""ces\" ("the $do$ id" bigserial PRIMARY KEY, "w ' \" tsvector,
            mine int, most int, words text, "$1" numeric);
        CREATE TEXT SEARCH CONFIGURATION "my ""schema"""."a 'b" (COPY = english);"#;
    database.session().batch(table).await.unwrap();
    let name = || TableName::new(r#"in'voi"ces\"#).and_then(|t| t.in_schema(r#"my "schema""#));
    let tenancy = Tenancy::new(TenantKey::Text).tenant_table(name(), Some("the 'tenant'"));
    let words = SearchBy::Words {
        column: r"w ' \".to_owned(),
        configuration: r#""my ""schema"""."a 'b""#.to_owned(),
    };
    let range = SearchBy::Range { column: "$1".to_owned() };
    let layout = Layout::new(database.name()).unwrap().schemas([r#"my "schema""#]).unwrap();
    let isolation = Isolation::new(&tenancy, &layout)
        .unwrap()
        .search(
            Search::new(r#"it's "$do$""#, name().unwrap(), "the $do$ id", words)
                .newest_first("mine"),
        )
        .unwrap()
        .search(
            Search::new("by_number", name().unwrap(), "the $do$ id", range).oldest_first("most"),
        )
        .unwrap();
    database.install(&isolation).await.unwrap();
    let rows = r#"INSERT INTO "my ""schema"""."in'voi""ces\" ("the 'tenant'", "w ' \", mine, words, "$1") VALUES
        ('a', 'whale', 1, 'x', 5), ('b', 'whale', 2, 'x', 5)"#;
    database.session().batch(rows).await.unwrap();
    for (tenant, wanted) in [("a", "1"), ("b", "2"), ("c", "NULL")] {
        let by_words = r#"SELECT * FROM tenancy."search_it's ""$do$"""('Whales')"#;
        assert_eq!(ask(&database, tenant, by_words).await.unwrap(), wanted);
        let by_number = "SELECT * FROM tenancy.search_by_number(5, 5)";
        assert_eq!(ask(&database, tenant, by_number).await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_column_whose_comparison_could_fail_is_refused() {
    let database = TestDatabase::create().await.unwrap();
    let types = "CREATE TYPE pair AS (a int, b int); ALTER TABLE notes ADD pairs pair[], ADD pair pair,
        ADD period int4range; CREATE DOMAIN cents AS numeric; ALTER TABLE notes ADD cents cents, ADD cents_list numeric[]";
    database.session().batch(&format!("{TABLE} {types}")).await.unwrap();
    let column = str::to_owned;
    let refused = [
        SearchBy::Range { column: column("doc") },
        SearchBy::Range { column: column("pair") },
        SearchBy::Range { column: column("period") },
        SearchBy::Range { column: column("tags") },
        SearchBy::AnyOf { column: column("pairs") },
        SearchBy::AllOf { column: column("body") },
        SearchBy::Json { column: column("tags") },
        SearchBy::Part { column: column("doc") },
        SearchBy::Words { column: column("body"), configuration: column("english") },
    ];
    let with = |by: SearchBy| {
        let search = Search::new("x", TableName::new("notes").unwrap(), "id", by);
        Isolation::new(&tenancy(), &layout(&database)).unwrap().search(search).unwrap()
    };
    for by in refused {
        let said = database.install(&with(by.clone())).await.unwrap_err().to_string();
        assert!(said.contains("cannot be searched by the function search_x"), "{by:?}: {said}");
        database.session().batch("ROLLBACK").await.unwrap();
    }
    for by in [
        SearchBy::Range { column: column("cents") },
        SearchBy::Range { column: column("title") },
        SearchBy::AnyOf { column: column("cents_list") },
    ] {
        database.install(&with(by)).await.unwrap();
    }
}

#[test]
fn a_declaration_that_cannot_be_is_refused() {
    let by = || SearchBy::Part { column: "body".to_owned() };
    let notes = || TableName::new("notes").unwrap();
    let single = Layout::single_role("app").unwrap();
    let said = Isolation::new(&tenancy(), &single)
        .unwrap()
        .search(Search::new("x", notes(), "id", by()))
        .unwrap_err();
    assert!(said.to_string().contains("one role for everything"), "{said}");
    let isolation = || Isolation::new(&tenancy(), &Layout::new("shop").unwrap()).unwrap();
    let other = TableName::new("other").unwrap();
    let said = isolation().search(Search::new("x", other, "id", by())).unwrap_err();
    assert!(said.to_string().contains("no declared tenant table"), "{said}");
    for search in [
        Search::new(&"x".repeat(57), notes(), "id", by()),
        Search::new("x", notes(), "", by()),
        Search::new("x", notes(), "id", SearchBy::Part { column: "\0".to_owned() }),
        Search::new("x", notes(), "id", by()).newest_first(""),
    ] {
        assert!(isolation().search(search.clone()).is_err(), "{search:?}");
    }
}
