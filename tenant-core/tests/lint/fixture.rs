//! The application that the rules' examples change: two tenant tables and a shared one, isolated.

use tenant_core::{Isolation, Layout, Report, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

pub(crate) const TABLES: &str = "
    CREATE TABLE plans (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE projects (
        tenant_id uuid NOT NULL, id uuid DEFAULT gen_random_uuid() PRIMARY KEY, name text,
        UNIQUE (tenant_id, id)
    );
    CREATE TABLE invoices (
        tenant_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        project_id uuid, total numeric,
        FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
    );";

pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Uuid)
        .tenant_table(TableName::new("invoices"), None)
        .tenant_table(TableName::new("projects"), None)
        .shared_table(TableName::new("plans"))
}

async fn tables() -> TestDatabase {
    let made = TestDatabase::from_template("lint", async |template| {
        template.session().batch(TABLES).await?;
        Ok(())
    });
    made.await.unwrap()
}

/// The application as `Isolation` leaves it, in a database of its own.
pub(crate) async fn isolated() -> TestDatabase {
    let db = tables().await;
    let layout = Layout::new(db.name()).unwrap();
    db.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    plainly_named(&db).await;
    db
}

/// Takes the hashes off the policies' names, so that examples can name them.
pub(crate) async fn plainly_named(db: &TestDatabase) {
    let rename = "DO $$ DECLARE p record; BEGIN
        FOR p IN SELECT polname, polrelid::regclass AS t FROM pg_policy LOOP
          EXECUTE format('ALTER POLICY %I ON %s RENAME TO %I', p.polname, p.t,
            regexp_replace(p.polname, '_[0-9a-f]{8}$', ''));
        END LOOP; END $$";
    db.session().batch(rename).await.unwrap();
}

/// The layout of [`isolated_with_one_role`].
pub(crate) fn one_role(db: &TestDatabase) -> Layout {
    Layout::single_role(&format!("{}_one", db.name())).unwrap()
}

/// The same with one role for everything.
pub(crate) async fn isolated_with_one_role() -> TestDatabase {
    let db = tables().await;
    db.session().batch(&prefixed("CREATE ROLE {prefix}_one LOGIN", &db)).await.unwrap();
    db.install(&Isolation::new(&tenancy(), &one_role(&db)).unwrap()).await.unwrap();
    plainly_named(&db).await;
    db
}

/// The layout of [`isolated_on_citus`].
pub(crate) fn on_citus(db: &TestDatabase) -> Layout {
    Layout::new(db.name()).unwrap().citus()
}

/// The same as Citus would have it: no cluster, but its catalogue, imitated.
pub(crate) async fn isolated_on_citus() -> TestDatabase {
    let db = tables().await;
    db.session().batch(include_str!("../citus/imitation.sql")).await.unwrap();
    let unique =
        "ALTER TABLE invoices DROP CONSTRAINT invoices_pkey, ADD PRIMARY KEY (tenant_id, id);
        ALTER TABLE projects DROP CONSTRAINT projects_pkey,
          DROP CONSTRAINT projects_tenant_id_id_key CASCADE, ADD PRIMARY KEY (tenant_id, id);";
    db.session().batch(unique).await.unwrap();
    db.install(&Isolation::new(&tenancy(), &on_citus(&db)).unwrap()).await.unwrap();
    plainly_named(&db).await;
    db
}

/// The server's `server_version_num`.
pub(crate) async fn version(db: &TestDatabase) -> u32 {
    let sql = "SELECT current_setting('server_version_num') AS version";
    let rows = db.session().rows(sql, &[]).await.unwrap();
    rows[0]["version"].as_str().unwrap().parse().unwrap()
}

/// `{prefix}` stands for the roles' prefix, and so for the database's name.
pub(crate) fn prefixed(text: &str, db: &TestDatabase) -> String {
    text.replace("{prefix}", db.name())
}

/// The codes found, each once, in order.
pub(crate) fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Whether the server can run the rule's example: not all are built with ICU, and `MAINTAIN` is of
/// PostgreSQL 17.
pub(crate) async fn can_run(rule: &tenant_core::Rule, db: &TestDatabase) -> bool {
    if rule.example.triggers.contains("provider = icu") {
        let icu = "SELECT count(*) > 0 AS there FROM pg_collation WHERE collname LIKE '%-x-icu'";
        let rows = db.session().rows(icu, &[]).await.unwrap();
        return rows[0]["there"].as_bool().unwrap();
    }
    rule.name != "maintain_granted" || version(db).await >= 170_000
}
