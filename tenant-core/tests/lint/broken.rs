//! A database that is broken in every way at once is found in full.

use tenant_core::{
    Isolation, Layout, Lint, Report, Rule, Severity, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::TestDatabase;

use crate::{
    fixture::{TABLES, can_run, isolated, plainly_named, prefixed, tenancy},
    undone::Undone,
};

/// What cannot be there beside the others, and why.
const ALONE: [(&str, &str); 14] = [
    ("TEN101", "a role that is missing is found on nothing else"),
    ("TEN103", "a superuser need not bypass"),
    ("TEN130", "there is one role or there are several"),
    ("TEN237", "the layout names no shared schema"),
    ("TEN308", "the view's owner is a superuser by then"),
    ("TEN401", "the server has one version"),
    ("TEN402", "the server has one version"),
    ("TEN501", "a function that is missing is not wrong as well"),
    ("TEN504", "the function is replaced by one that is stable"),
    ("TEN505", "the function is replaced by one that is stable"),
    ("TEN509", "the function is replaced by one of another type"),
    ("TEN510", "the layout names no seal"),
    ("TEN511", "the layout names no seal"),
    ("TEN514", "the function is replaced by one that is stable"),
];

/// Every example lies in a schema of its own.
fn schema(rule: &Rule) -> String {
    rule.code.to_lowercase()
}

/// Its text, with that schema in the place of `public`.
fn moved(text: &str, rule: &Rule, db: &TestDatabase) -> String {
    let schema = schema(rule);
    let text = text.replace("public.", &format!("{schema}."));
    let text = text.replace("chema public", &format!("chema {schema}"));
    prefixed(&text.replace("CHEMA public", &format!("CHEMA {schema}")), db)
}

#[tokio::test]
async fn every_rule_finds_its_own_in_a_schema_that_is_broken_in_every_way() {
    let db = TestDatabase::create().await.unwrap();
    let mut rules: Vec<&Rule> = Vec::new();
    for rule in Lint::rules() {
        // What stands for Citus here has one layout, and it is not this one.
        let citus = rule.example.triggers.trim_start().starts_with("-- citus");
        let alone = citus || ALONE.iter().any(|(code, _)| *code == rule.code);
        if !alone && can_run(rule, &db).await {
            rules.push(rule);
        }
    }
    assert!(rules.len() > 100, "{}", rules.len());

    let mut tenancy = Tenancy::new(TenantKey::Uuid);
    let mut tables = String::new();
    for rule in &rules {
        let schema = schema(rule);
        let table = |name| TableName::new(name).and_then(|table| table.in_schema(&schema));
        tenancy = tenancy
            .tenant_table(table("invoices"), None)
            .tenant_table(table("projects"), None)
            .shared_table(table("plans"));
        tables.push_str(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {TABLES}"));
    }
    db.session().batch(&format!("{tables} RESET search_path;")).await.unwrap();
    let layout = Layout::new(db.name()).unwrap();
    db.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    plainly_named(&db).await;

    let session = Undone::begin(&db).await.unwrap();
    for rule in &rules {
        let sql = moved(rule.example.triggers, rule, &db);
        let sql = format!("SET LOCAL search_path = {}; {sql}", schema(rule));
        session.batch(&sql).await.unwrap_or_else(|why| panic!("{}: {why}\n{sql}", rule.code));
    }
    let report = Lint::new(&tenancy).server_version(150_002).run(&session).await.unwrap();
    let mut missed = String::new();
    for rule in &rules {
        let object = moved(rule.example.object, rule, &db);
        if !report.findings.iter().any(|f| f.code == rule.code && f.object == object) {
            missed.push_str(&format!("{} on {object}\n", rule.code));
        }
    }
    assert!(missed.is_empty(), "not found:\n{missed}\nin:\n{report}");
}

/// Each in the place of our own for SELECT: held by the wall, and without it an error.
#[tokio::test]
async fn policies_that_only_look_like_a_comparison() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    for policy in [
        "true",
        "1 = 1",
        "tenant_id IS NOT NULL",
        "tenant_id = tenant_id",
        "invoices.tenant_id = invoices.tenant_id AND total > 0",
        "tenant_id <> (SELECT tenancy.current_tenant())",
        "NOT (tenant_id = (SELECT tenancy.current_tenant()))",
        "tenant_id = '018f4e9c-0000-7000-8000-000000000001'",
        "tenant_id IS NOT NULL AND 'tenant_id = (SELECT tenancy.current_tenant())' <> ''",
        "total > 0 OR tenant_id = (SELECT tenancy.current_tenant())",
        "tenant_id = coalesce(tenant_id, (SELECT tenancy.current_tenant()))",
        "tenant_id = greatest(tenant_id, (SELECT tenancy.current_tenant()))",
        "tenant_id = (SELECT invoices.tenant_id)",
        "(tenant_id = (SELECT tenancy.current_tenant())) IS NOT NULL",
        "CASE WHEN total > 0 THEN true ELSE tenant_id = (SELECT tenancy.current_tenant()) END",
    ] {
        let sql = format!("ALTER POLICY tenancy_select ON invoices USING ({policy})");
        session.batch(&sql).await.unwrap();
        let lint = Lint::new(&tenancy());
        let report = lint.run(&session).await.unwrap();
        let on_it = |report: &Report, severity| {
            let policies = report.findings.iter().filter(|f| f.object.contains("tenancy_select"));
            policies.filter(|f| f.severity == severity).count()
        };
        assert_eq!(on_it(&report, Severity::Error), 0, "the wall holds it: {policy}\n{report}");
        assert!(on_it(&report, Severity::Warning) > 0, "{policy}\n{report}");
        session.batch("DROP POLICY tenancy_wall ON invoices").await.unwrap();
        let report = lint.run(&session).await.unwrap();
        assert!(on_it(&report, Severity::Error) > 0, "{policy}\n{report}");
        session.undo().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_over_a_shared_tables_uuid_tells_where_else_a_user_is() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    let users = "ALTER TABLE plans ADD uid uuid UNIQUE; ALTER TABLE projects ADD uid uuid UNIQUE;";
    session.batch(users).await.unwrap();
    let found = async || {
        let report = Lint::new(&tenancy()).run(&session).await.unwrap();
        report.findings.iter().filter(|f| f.code == "TEN211").count()
    };
    assert_eq!(found().await, 0, "drawn for the row itself");
    session
        .batch("ALTER TABLE projects ADD FOREIGN KEY (uid) REFERENCES plans (uid)")
        .await
        .unwrap();
    assert_eq!(found().await, 1);
}
