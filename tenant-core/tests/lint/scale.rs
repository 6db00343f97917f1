//! A thousand tables with ten policies each, and how often the database is asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tenant_core::{
    Isolation, JsonRow, Layout, Lint, SessionError, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::TestDatabase;

use crate::fixture::{isolated, tenancy};

/// Counts what is sent, on the connections that it opens too.
struct Counting {
    session: Box<dyn SqlSession>,
    sent: Arc<AtomicUsize>,
}

#[async_trait]
impl SqlSession for Counting {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.session.batch(sql).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.session.rows(sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let session = self.session.dedicated().await?;
        Ok(Box::new(Self { session, sent: Arc::clone(&self.sent) }))
    }
}

impl Counting {
    fn new(db: &TestDatabase) -> Self {
        Self { session: Box::new(db.session().clone()), sent: Arc::default() }
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

/// `BEGIN` with its settings, the database's name, the query, `ROLLBACK`.
const STATEMENTS: usize = 4;

#[tokio::test]
async fn a_lint_sends_four_statements() {
    let db = isolated().await;
    let counting = Counting::new(&db);
    let report = tenant_core::lint(&counting, &tenancy()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(counting.sent(), STATEMENTS);
}

#[tokio::test]
#[ignore = "heavy: cargo test -p tenant-core --test lint -- --ignored --nocapture thousand"]
async fn a_thousand_tables_with_ten_policies_each_are_read_within_five_seconds() {
    const TABLES: usize = 1000;
    let db = TestDatabase::create().await.unwrap();
    let names: Vec<String> = (0..TABLES).map(|n| format!("table_{n}")).collect();
    let mut sql = String::new();
    for name in &names {
        sql.push_str(&format!("CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL, name text, of bigint);\n"));
    }
    db.session().batch(&sql).await.unwrap();
    let tenancy = names.iter().fold(Tenancy::new(TenantKey::Uuid), |all, name| {
        all.tenant_table(TableName::new(name), None)
    });
    let layout = Layout::new(db.name()).unwrap();
    db.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let mut sql = String::new();
    for name in &names {
        // Nine are ours.
        sql.push_str(&format!(
            "CREATE POLICY more ON {name} AS RESTRICTIVE FOR SELECT TO {}_tenant
             USING (id > 0 AND tenant_id = (SELECT tenancy.current_tenant()));\n",
            db.name()
        ));
    }
    db.session().batch(&sql).await.unwrap();
    let counted = db.session().rows("SELECT count(*)::int AS n FROM pg_policy", &[]).await.unwrap();
    assert_eq!(counted[0]["n"], TABLES * 10);

    let counting = Counting::new(&db);
    let start = Instant::now();
    let report = Lint::new(&tenancy).run(&counting).await.unwrap();
    let took = start.elapsed();
    println!("{TABLES} tables, {} policies: {took:?}, {} statements", TABLES * 10, counting.sent());
    assert!(report.is_clean(), "{report}");
    assert_eq!(counting.sent(), STATEMENTS);
    assert!(took < Duration::from_secs(5), "{took:?}");
}
