//! Plans that remember a tenant, or take an average one; partitions that are not pruned.

use tenant_benches::{
    Samples,
    results::{Results, Table, Value},
};
use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;
use tokio_postgres::Statement;

use crate::{
    arguments::Arguments,
    forms::Form,
    measure::{Plans, Variant, once, prepare},
};

const NEWEST: &str =
    "SELECT id, title FROM documents WHERE {mine} ORDER BY created_at DESC LIMIT 50";

/// The median of a few, in milliseconds.
async fn median(form: &Form, statement: &Statement, tenant: i64) -> f64 {
    let mut samples = Samples::default();
    for _ in 0..7 {
        samples.push(once(form, statement, tenant).await.0);
    }
    samples.quantile(0.5) / 1e3
}

/// The same statement for the one and then for the other, on a connection that has not seen it.
async fn in_turn(form: &Form, sql: &str, first: i64, then: i64) -> [f64; 2] {
    let statement = prepare(form, sql, first).await;
    [median(form, &statement, first).await, median(form, &statement, then).await]
}

pub(crate) async fn measure(
    arguments: &Arguments,
    database: &TestDatabase,
    bare: &Form,
    ours: &Form,
    results: &mut Results,
    plans: &mut Plans,
) {
    let session = database.session();
    session.batch("CREATE INDEX documents_created ON documents (created_at)").await.unwrap();
    session.batch("ANALYZE documents").await.unwrap();
    let (small, giant) = (arguments.small(), arguments.giant());
    let about = "The newest fifty by a column that an index without the tenant begins with, by a statement that is prepared \
                 once and has no parameter; milliseconds.";
    let mut table =
        Table::new("Plans that remember a tenant", about, &["small tenant, ms", "giant, ms"]);
    let sql = bare.sql(NEWEST, small);
    let [first, then] = in_turn(bare, &sql, small, giant).await;
    row(&mut table, "bare setting, the small tenant came first", first, then);
    let [first, then] = in_turn(bare, &sql, giant, small).await;
    row(&mut table, "bare setting, the giant came first", then, first);
    let remembered = then;
    let [first, then] = in_turn(ours, &sql, giant, small).await;
    row(&mut table, "wrapped (ours): the average tenant's plan", then, first);
    let (average, fresh) = (first, then);
    for tenant in [small, giant] {
        let variant = Variant { form: ours, sql: sql.clone() };
        plans.keep("newest by created_at", &variant, tenant).await;
    }
    // What `.for_tenant(&tx)` writes.
    let literal = |tenant: i64| NEWEST.replace("{mine}", &format!("tenant_id = {tenant}"));
    let mut of = Vec::new();
    for tenant in [small, giant] {
        let statement = prepare(ours, &literal(tenant), tenant).await;
        of.push(median(ours, &statement, tenant).await);
        let variant = Variant { form: ours, sql: literal(tenant) };
        plans.keep("newest by created_at, with a literal", &variant, tenant).await;
    }
    row(&mut table, "ours, and the tenant as a literal (`.for_tenant(&tx)`)", of[0], of[1]);
    session
        .batch("CREATE INDEX documents_tenant_created ON documents (tenant_id, created_at)")
        .await
        .unwrap();
    let [first, then] = in_turn(ours, &sql, giant, small).await;
    row(&mut table, "ours, and an index on (tenant, created_at)", then, first);
    session.batch("DROP INDEX documents_tenant_created, documents_created").await.unwrap();
    results.target(
        "the wrapped form does not remember: for a small tenant behind a giant no slower than 2 × a fresh plan",
        format!("{fresh:.2} ms; the bare form {remembered:.2} ms"),
        fresh <= 2.0 * table_cell(&table, 0),
    );
    println!("the giant under the average plan: {average:.1} ms");
    results.tables.push(table);
    partitions(arguments, database, ours, results, plans).await;
}

fn row(table: &mut Table, name: &str, small: f64, giant: f64) {
    println!("{name}: small {small:.2} ms, giant {giant:.2} ms");
    table.row(name, [Value::number(small, 2), Value::number(giant, 2)]);
}

/// What the small tenant took in this row.
fn table_cell(table: &Table, row: usize) -> f64 {
    table.rows[row].values[0].as_number().unwrap()
}

const PARTITIONS: usize = 64;

async fn partitions(
    arguments: &Arguments,
    database: &TestDatabase,
    ours: &Form,
    results: &mut Results,
    plans: &mut Plans,
) {
    let name = database.name();
    let parts: Vec<String> = (0..PARTITIONS)
        .map(|n| {
            format!("CREATE TABLE parted_{n} PARTITION OF parted FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {n});")
        })
        .collect();
    let tables = ["whole", "parted"].map(|table| {
        format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; GRANT SELECT ON {table} TO {name}_tenant;
             CREATE POLICY p ON {table} TO {name}_tenant USING (tenant_id = (SELECT tenancy.current_tenant()));"
        )
    });
    let sql = format!(
        "CREATE TABLE whole (tenant_id bigint NOT NULL, id bigint NOT NULL, note text, PRIMARY KEY (tenant_id, id));
         CREATE TABLE parted (LIKE whole INCLUDING ALL) PARTITION BY HASH (tenant_id); {}
         INSERT INTO whole SELECT n % {}, n, 'note' FROM generate_series(1, {}) AS n;
         INSERT INTO parted SELECT * FROM whole; {}",
        parts.concat(),
        arguments.tenants,
        arguments.rows / 50,
        tables.concat()
    );
    let session = database.session();
    session.batch(&sql).await.unwrap();
    session.batch("ANALYZE whole, parted").await.unwrap();
    let tenant = arguments.small();
    let about = "A row by its key, planned each time; medians of the server's own figures.";
    let head = ["planning, ms", "times the whole table's", "execution, ms"];
    let mut table = Table::new("64 hash partitions", about, &head);
    let mut base = None;
    for (what, from, condition) in [
        ("one table", "whole", String::new()),
        ("64 partitions", "parted", String::new()),
        (
            "64 partitions, and the tenant as a literal",
            "parted",
            format!("tenant_id = {tenant} AND "),
        ),
    ] {
        let sql = format!("SELECT note FROM {from} WHERE {condition}id = {tenant}");
        plans.keep(what, &Variant { form: ours, sql: sql.clone() }, tenant).await;
        let [planning, execution] = planned(ours, &sql, tenant).await;
        let base = *base.get_or_insert(planning);
        println!("{what}: planning {planning:.3} ms, execution {execution:.3} ms");
        table.row(
            what,
            [
                Value::number(planning, 3),
                Value::number(planning / base, 1),
                Value::number(execution, 3),
            ],
        );
    }
    results.tables.push(table);
}

/// Planning and execution, in milliseconds, as the server tells them.
async fn planned(form: &Form, sql: &str, tenant: i64) -> [f64; 2] {
    let (mut planning, mut execution) = (Vec::new(), Vec::new());
    form.client.batch_execute(&form.begin(tenant)).await.unwrap();
    for _ in 0..51 {
        let explain = format!("EXPLAIN (ANALYZE, SUMMARY) {sql}");
        for row in form.client.query(&explain, &[]).await.unwrap() {
            let line: String = row.get(0);
            let of = |name: &str| {
                let rest = line.strip_prefix(name)?;
                rest.trim_end_matches(" ms").parse::<f64>().ok()
            };
            planning.extend(of("Planning Time: "));
            execution.extend(of("Execution Time: "));
        }
    }
    form.client.batch_execute("ROLLBACK").await.unwrap();
    [planning, execution].map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    })
}
