//! What is said of reads.

use tenant_core::{AdoptWatch, SqlSession};

use super::{isolation, watched};

#[tokio::test]
async fn queries_that_name_no_tenant_column_are_listed() {
    let db = watched().await;
    let watch = AdoptWatch::new(db.session());
    assert!(watch.reads(&isolation(&db)).await.unwrap().is_none());
    // The module collects nothing where the server was not started with it, so a view stands for it.
    let stand_in = "CREATE EXTENSION pg_stat_statements;
        ALTER EXTENSION pg_stat_statements DROP VIEW pg_stat_statements;
        DROP VIEW pg_stat_statements;
        CREATE VIEW pg_stat_statements AS SELECT d.oid AS dbid, s.* FROM pg_database d, (VALUES
          ('SELECT * FROM invoices WHERE id = $1', 7::bigint),
          ('SELECT * FROM invoices WHERE note = ''s3cr3t''', 1),
          ('SELECT * FROM public.invoices WHERE tenant_id = $1', 9),
          ('SELECT * FROM customers WHERE store = $1', 9),
          ('SELECT * FROM plans', 9),
          ('UPDATE invoices SET note = $1', 9)) AS s (query, calls) WHERE d.datname = current_database()";
    if db.session().batch(stand_in).await.is_err() {
        // A server without contrib's modules.
        return;
    }
    let reads = watch.reads(&isolation(&db)).await.unwrap().unwrap();
    let said: Vec<_> = reads.iter().map(|r| (&*r.query, r.calls)).collect();
    assert_eq!(
        said,
        [("SELECT * FROM invoices WHERE id = ?", 7), ("SELECT * FROM invoices WHERE note = ?", 1)]
    );
}
