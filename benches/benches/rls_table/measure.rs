//! Variants of a query take turns; what is compared are medians.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use tenant_benches::Samples;
use tokio_postgres::Statement;

use crate::{arguments::Arguments, forms::Form};

/// A query as one form asks it.
pub(crate) struct Variant<'a> {
    pub(crate) form: &'a Form,
    pub(crate) sql: String,
}

/// Plans, as text beside the results.
#[derive(Default)]
pub(crate) struct Plans {
    text: String,
}

impl Plans {
    pub(crate) async fn keep(&mut self, title: &str, variant: &Variant<'_>, tenant: i64) {
        let plan = explain(variant, tenant).await;
        let (form, sql) = (variant.form.name, &variant.sql);
        writeln!(self.text, "## {title}, tenant {tenant}: {form}\n\n{sql}\n\n{plan}\n").unwrap();
    }

    /// Beside `rls_table.json`.
    pub(crate) fn write(&self) {
        let folder = tenant_benches::results::folder();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("rls_table.plans.txt"), &self.text).unwrap();
    }
}

async fn explain(variant: &Variant<'_>, tenant: i64) -> String {
    let client = &variant.form.client;
    client.batch_execute(&variant.form.begin(tenant)).await.unwrap();
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {}", variant.sql);
    let rows = client.query(&sql, &[]).await.unwrap();
    client.batch_execute("ROLLBACK").await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

/// Prepared as the role that runs it: a pool's login may not even name what it asks.
pub(crate) async fn prepare(form: &Form, sql: &str, tenant: i64) -> Statement {
    form.client.batch_execute(&form.begin(tenant)).await.unwrap();
    let statement = form.client.prepare(sql).await.unwrap();
    form.client.batch_execute("ROLLBACK").await.unwrap();
    statement
}

/// How long it takes, in an open transaction that is rolled back; and how many rows it answers with.
pub(crate) async fn once(form: &Form, statement: &Statement, tenant: i64) -> (Duration, usize) {
    let client = &form.client;
    client.batch_execute(&form.begin(tenant)).await.unwrap();
    let started = Instant::now();
    let rows = client.query(statement, &[]).await.unwrap();
    let took = started.elapsed();
    client.batch_execute("ROLLBACK").await.unwrap();
    (took, rows.len())
}

/// Medians in microseconds, in the order of the variants, which must all answer with as many rows.
pub(crate) async fn medians(
    arguments: &Arguments,
    variants: &[Variant<'_>],
    tenant: i64,
) -> Vec<f64> {
    let mut statements = Vec::new();
    for variant in variants {
        statements.push(prepare(variant.form, &variant.sql, tenant).await);
    }
    let mut samples = vec![Samples::default(); variants.len()];
    let started = Instant::now();
    let mut answered = None;
    // The first rounds warm the caches, and make the plans that stay.
    let warm = if arguments.rounds > 20 { 6 } else { 1 };
    for round in 0..arguments.rounds + warm {
        if started.elapsed() > arguments.budget && round >= 5 + warm {
            break;
        }
        for turn in 0..variants.len() {
            let at = (turn + round) % variants.len();
            let (took, rows) = once(variants[at].form, &statements[at], tenant).await;
            assert_eq!(*answered.get_or_insert(rows), rows, "{}", variants[at].sql);
            if round >= warm {
                samples[at].push(took);
            }
        }
    }
    samples.iter().map(|samples| samples.quantile(0.5)).collect()
}
