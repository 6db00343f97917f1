//! The published comparison (`SELECT … LIMIT 50`, `COUNT(*)`, full text) and what else a page asks.

use tenant_benches::results::{Results, Table, Value};
use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::{
    arguments::Arguments,
    forms::Form,
    measure::{Plans, Variant, medians},
};

const WORD: &str = "full text, a common word";

/// The same, where the operator is marked as `Leakproof::FullText` does.
const MARKED: &str = "the same, marked LEAKPROOF";

/// What is asked; `{own}` is a row of the tenant's, `{new}` one that nobody has.
const QUERIES: [(&str, &str); 9] = [
    ("`SELECT … LIMIT 50`", "SELECT id, title, amount FROM documents WHERE {mine} LIMIT 50"),
    ("`COUNT(*)`", "SELECT count(*) FROM documents WHERE {mine}"),
    (WORD, "SELECT count(*) FROM documents WHERE {mine} AND words @@ 'w77'::tsquery"),
    (MARKED, "SELECT count(*) FROM documents WHERE {mine} AND words @@ 'w77'::tsquery"),
    ("a row by its key", "SELECT id, title, amount FROM documents WHERE {mine} AND id = {own}"),
    (
        "the newest fifty",
        "SELECT id, title, amount FROM documents WHERE {mine} ORDER BY id DESC LIMIT 50",
    ),
    (
        "insert a row",
        "INSERT INTO documents (id, tenant_id, created_at, title, amount, cents, state, tags, doc, email)
         VALUES ({new}, {tenant}, now(), 'a new one', 1, 100, 'open', '{new}', '{\"kind\": \"new\"}', 'New@Example.com')",
    ),
    ("update a row", "UPDATE documents SET created_at = now() WHERE {mine} AND id = {own}"),
    ("delete a row", "DELETE FROM documents WHERE {mine} AND id = {own}"),
];

/// How much more than the explicit form each may take, published and as a target.
const TARGETS: [(&str, f64); 3] =
    [("`SELECT … LIMIT 50`", 17.0), ("`COUNT(*)`", 8.0), (MARKED, 2.0)];

/// What the seal adds is seen where the same takes less without it, in microseconds.
const SHORT: f64 = 1000.0;

/// One of the tenant's rows.
pub(crate) async fn own(form: &Form, table: &str, tenant: i64) -> i64 {
    form.client.batch_execute(&form.begin(tenant)).await.unwrap();
    let sql = format!("SELECT id FROM {table} WHERE {{mine}} ORDER BY id OFFSET 3 LIMIT 1");
    let row = form.client.query_one(&form.sql(&sql, tenant), &[]).await.unwrap();
    form.client.batch_execute("ROLLBACK").await.unwrap();
    row.get(0)
}

async fn mark(database: &TestDatabase, how: &str) {
    let sql = format!("ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) {how}");
    database.session().batch(&sql).await.unwrap();
}

pub(crate) async fn measure(
    arguments: &Arguments,
    database: &TestDatabase,
    forms: &[Form],
    results: &mut Results,
    plans: &mut Plans,
) {
    let mut sealed = Vec::new();
    for (tenant, what) in [(arguments.small(), "small"), (arguments.giant(), "giant")] {
        let rows = if what == "small" {
            arguments.rows / arguments.tenants
        } else {
            arguments.giants_rows()
        };
        let mut table = table(&format!("The table: a {what} tenant, {rows} rows"), forms);
        let own = own(&forms[0], "documents", tenant).await.to_string();
        for (name, template) in QUERIES {
            let template = template.replace("{own}", &own).replace("'{new}'", "'{}'");
            let template = template.replace("{new}", "900000000000");
            let variants: Vec<Variant<'_>> = forms
                .iter()
                .map(|form| Variant { form, sql: form.sql(&template, tenant) })
                .collect();
            if name == MARKED {
                mark(database, "LEAKPROOF").await;
            }
            for variant in &variants {
                plans.keep(name, variant, tenant).await;
            }
            let medians = medians(arguments, &variants, tenant).await;
            if name == MARKED {
                mark(database, "NOT LEAKPROOF").await;
            }
            table.row(name, cells(&medians));
            println!("{what}: {name}: {medians:.0?} µs");
            target(results, what, name, &medians);
            if medians[3] <= SHORT {
                sealed.push(medians[4] - medians[3]);
            }
        }
        results.tables.push(table);
    }
    sealed.sort_by(f64::total_cmp);
    if let [least, .., most] = sealed[..] {
        let found = format!("{least:.0} to {most:.0} µs");
        results.target("the seal adds at most 15 µs to a short query", found, most <= 15.0);
    }
}

/// The explicit form in microseconds, the others as ratios to it, and what the last one has more.
pub(crate) fn table(title: &str, forms: &[Form]) -> Table {
    let mut head = vec![format!("{}, µs", forms[0].name)];
    head.extend(forms[1..].iter().map(|form| form.name.to_owned()));
    head.extend(forms.last().map(|form| format!("{}, µs more", form.name)));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let ratios: Vec<usize> = (1..forms.len()).collect();
    let about = "Medians, as ratios to the first column.";
    Table::new(title, about, &head).bars("times the explicit `WHERE`", ratios)
}

pub(crate) fn cells(medians: &[f64]) -> Vec<Value> {
    let mut cells = vec![Value::number(medians[0], 0)];
    cells.extend(medians[1..].iter().map(|median| Value::number(median / medians[0], 2)));
    cells.extend(medians.last().map(|last| Value::number(last - medians[0], 0)));
    cells
}

fn target(results: &mut Results, what: &str, name: &str, medians: &[f64]) {
    let more = (medians[3] / medians[0] - 1.0) * 100.0;
    if let Some((_, published)) = TARGETS.iter().find(|(query, _)| *query == name) {
        let name = if name == MARKED { "full text, marked LEAKPROOF" } else { name };
        results.target(
            &format!("{name}, {what} tenant: at most 3 % more than the explicit form (published: {published} %)"),
            format!("{more:.1} %"),
            more <= 3.0,
        );
    }
}
