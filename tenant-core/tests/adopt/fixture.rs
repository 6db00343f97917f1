use tenant_core::{Adopt, AdoptError, Adoption, SqlSession, Whose};
use tenant_testkit::TestDatabase;

/// The sample database that the command's own tests adopt with its code.
pub(crate) const SAKILA: [&str; 2] = [
    include_str!("../../../tenant-cli/tests/data/sakila/schema.sql"),
    include_str!("../../../tenant-cli/tests/data/sakila/data.sql"),
];

pub(crate) async fn database(scripts: &[&str]) -> TestDatabase {
    let db = TestDatabase::create().await.unwrap();
    // Scripts of `pg_dump` set things for those behind them.
    let session = db.session().dedicated().await.unwrap();
    for script in scripts {
        session.batch(script).await.unwrap();
    }
    db
}

pub(crate) async fn read(db: &TestDatabase, adopt: Adopt) -> Result<Adoption, AdoptError> {
    adopt.read(db.session()).await
}

/// `payment tenant tenant_id`.
pub(crate) fn told(adoption: &Adoption) -> Vec<String> {
    let said = |table: &tenant_core::AdoptedTable| {
        let name = table.name().name();
        match table.whose() {
            Whose::Tenants { column, backfill } => format!("{name}: {column} {backfill:?}"),
            other => format!("{name}: {other:?}"),
        }
    };
    adoption.tables().iter().map(said).collect()
}

pub(crate) fn why<'a>(adoption: &'a Adoption, table: &str) -> &'a str {
    adoption.tables().iter().find(|t| t.name().name() == table).unwrap().why()
}
