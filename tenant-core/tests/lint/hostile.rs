//! Names that try to break out, and objects that somebody planted.

use tenant_core::{Isolation, Layout, Lint, Severity, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

use crate::{
    fixture::{codes, isolated, plainly_named, prefixed, tenancy},
    undone::Undone,
};

const TABLE: &str = "in\"voi'ces\n;--\\ (SELECT $1";
const COLUMN: &str = "ten\"ant' id\\(";

#[tokio::test]
async fn hostile_names_are_found_and_mended() {
    let db = TestDatabase::create().await.unwrap();
    let tenancy = Tenancy::new(TenantKey::Uuid)
        .tenant_table(TableName::new(TABLE), Some(COLUMN))
        .shared_table(TableName::new("pla\"ns'"));
    let layout = Layout::new(&format!("{}_o'\"x\\", db.name())).unwrap();
    let quoted = |name: &str| tenant_core::quote_ident(name).unwrap();
    let (table, column) = (quoted(TABLE), quoted(COLUMN));
    let tenant = quoted(layout.roles().tenant().unwrap());
    db.session()
        .batch(&format!(
            r#"CREATE TABLE {table} (id int DEFAULT floor(random() * 9) PRIMARY KEY, "na'\me" text);
               CREATE TABLE "pla""ns'" (id int PRIMARY KEY);"#
        ))
        .await
        .unwrap();
    db.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let lint = Lint::new(&tenancy).layout(&layout);
    let report = lint.run(db.session()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    plainly_named(&db).await;

    db.session()
        .batch(&format!(
            r#"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, ALTER COLUMN {column} DROP NOT NULL,
                 ALTER COLUMN {column} DROP DEFAULT;
               DROP POLICY tenancy_wall ON {table};
               CREATE POLICY "po'li""cy" ON {table} AS RESTRICTIVE FOR SELECT TO {tenant}
                 USING ({column}::text = (SELECT tenancy.current_tenant()::text));
               CREATE UNIQUE INDEX "o'n""e" ON {table} ("na'\me");
               GRANT TRUNCATE, REFERENCES ON {table} TO {tenant};
               CREATE FUNCTION "f'""n"() RETURNS void LANGUAGE sql SECURITY DEFINER AS '';
               CREATE VIEW "vi'e""w" AS SELECT * FROM {table}; GRANT SELECT ON "vi'e""w" TO {tenant};"#
        ))
        .await
        .unwrap();
    let report = lint.run(db.session()).await.unwrap();
    assert_eq!(
        codes(&report),
        [
            "TEN002", "TEN008", "TEN015", "TEN114", "TEN115", "TEN205", "TEN207", "TEN211",
            "TEN301", "TEN303", "TEN304"
        ],
        "{report}"
    );
    for finding in &report.findings {
        let mend = finding.mend.as_deref().unwrap();
        db.session().batch(mend).await.unwrap_or_else(|why| panic!("{why}\n{mend}"));
    }
    let report = lint.run(db.session()).await.unwrap();
    assert_eq!(report.at_least(Severity::Warning).count(), 0, "{report}");
}

#[tokio::test]
async fn planted_functions_and_operators_change_nothing() {
    let db = isolated().await;
    let sql = prefixed(
        "CREATE FUNCTION public.no(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
         CREATE FUNCTION public.no(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT false';
         CREATE FUNCTION public.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
         CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.no);
         CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.no);
         CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.no);
         CREATE FUNCTION public.format(text, VARIADIC \"any\") RETURNS text LANGUAGE internal
           AS 'text_format';
         CREATE FUNCTION public.aclexplode(aclitem[]) RETURNS SETOF record LANGUAGE sql
           AS 'SELECT NULL::record WHERE false';
         CREATE FUNCTION public.json_agg(anyelement) RETURNS json LANGUAGE sql
           AS 'SELECT ''[]''::json';
         CREATE TABLE public.pg_policy (oid oid, polrelid oid);
         CREATE TABLE public.pg_class (oid oid, relname name);
         ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY; GRANT TRUNCATE ON invoices TO PUBLIC;",
        &db,
    );
    let session = Undone::begin(&db).await.unwrap();
    session.batch(&sql).await.unwrap();
    let lint = Lint::new(&tenancy());
    let before = lint.run(&session).await.unwrap();
    assert!(codes(&before).starts_with(&["TEN002", "TEN114"]), "{before}");
    session.batch("SET LOCAL search_path = public, pg_catalog").await.unwrap();
    let planted = session.rows("SELECT 'x'::text = 'x'::text AS same", &[]).await;
    assert!(
        planted.map_or(true, |rows| rows.is_empty() || rows[0]["same"] == false),
        "the planted functions answer on this path, so this test can fail"
    );
    let after = lint.run(&session).await.unwrap();
    assert_eq!(before, after);
}
