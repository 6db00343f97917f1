//! The application that the rules' examples change: two tenant tables and a shared one, isolated.

use tenant_core::{Isolation, Layout, Lint, Report, SqlSession, TableName, Tenancy, TenantKey};
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

/// The application as `Isolation` leaves it, in a database of its own.
pub(crate) async fn isolated() -> TestDatabase {
    let db = TestDatabase::from_template("lint", async |template| {
        template.session().batch(TABLES).await?;
        Ok(())
    })
    .await
    .unwrap();
    let layout = Layout::new(db.name()).unwrap();
    db.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    db
}

/// Runs SQL in which `{prefix}` stands for the roles' prefix.
pub(crate) async fn run(db: &TestDatabase, sql: &str) -> Result<(), String> {
    let sql = sql.replace("{prefix}", db.name());
    db.session().batch(&sql).await.map_err(|why| format!("{why}\n{sql}"))
}

pub(crate) async fn lint(db: &TestDatabase) -> Report {
    Lint::new(&tenancy()).run(db.session()).await.unwrap()
}

/// The codes found, each once, in order.
pub(crate) fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
