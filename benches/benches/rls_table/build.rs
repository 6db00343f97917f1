//! The tables, filled by the server, with a bar.

use indicatif::{ProgressBar, ProgressStyle};
use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::arguments::Arguments;

/// Titles of three common words; one in many has `zebra` among them, at its beginning or behind, and
/// whatever else is rare.
const DOCUMENTS: &str = "
    CREATE EXTENSION pg_trgm;
    CREATE TYPE state AS ENUM ('draft', 'open', 'paid', 'disputed');
    CREATE TABLE documents (id bigint NOT NULL, tenant_id bigint NOT NULL, created_at timestamptz NOT NULL,
        title text NOT NULL, words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED,
        amount numeric NOT NULL, cents bigint NOT NULL, state state NOT NULL, tags text[] NOT NULL,
        doc jsonb NOT NULL, email text NOT NULL,
        email_lower text GENERATED ALWAYS AS (lower(email)) STORED)";

/// Rows `{from}` to `{to}`, which belong to the tenants in turn as chance has it.
const DOCUMENT: &str = "
    INSERT INTO documents (id, tenant_id, created_at, title, amount, cents, state, tags, doc, email)
    SELECT n, tenant, '2020-01-01'::timestamptz + n * interval '10 seconds',
        CASE WHEN rare AND n % 2 = 0 THEN 'zebra ' ELSE '' END || 'w' || abs(hashint8(n * 3)::bigint) % 5000 || ' w' ||
          abs(hashint8(n * 5)::bigint) % 5000 || CASE WHEN rare AND n % 2 = 1 THEN ' zebra' ELSE '' END,
        amount / 100.0, amount,
        CASE WHEN rare THEN 'disputed' WHEN n % 3 = 0 THEN 'draft' WHEN n % 3 = 1 THEN 'open' ELSE 'paid' END::state,
        ARRAY['t' || n % 50, CASE WHEN rare THEN 'rare' ELSE 'usual' END],
        CASE WHEN rare THEN jsonb_build_object('kind', 'rare', 'n', n % 100, 'rare', true)
             ELSE jsonb_build_object('kind', 'usual', 'n', n % 100) END,
        'User' || n / 2 || '@Example.com'
    FROM (SELECT n, CASE WHEN n % 21 = 20 THEN {giant} ELSE 1 + abs(hashint8(n)::bigint) % {tenants} END AS tenant,
            hashint8(n * 7) % {rare} = 0 AS rare,
            CASE WHEN hashint8(n * 7) % {rare} = 0 THEN 100000000 + n % 1000 ELSE abs(hashint8(n * 11)::bigint) % 1000000 END AS amount
          FROM generate_series({from}, {to}) AS n) AS rows";

const INDEXES: [&str; 12] = [
    "ALTER TABLE documents ADD PRIMARY KEY (id)",
    "CREATE INDEX documents_tenant ON documents (tenant_id, id)",
    "CREATE INDEX documents_words ON documents USING gin (words)",
    "CREATE INDEX documents_title ON documents USING gin (title gin_trgm_ops)",
    "CREATE INDEX documents_prefix ON documents (title text_pattern_ops)",
    "CREATE INDEX documents_amount ON documents (tenant_id, amount)",
    "CREATE INDEX documents_cents ON documents (tenant_id, cents)",
    "CREATE INDEX documents_state ON documents (tenant_id, state)",
    "CREATE INDEX documents_doc ON documents USING gin (doc)",
    "CREATE INDEX documents_tags ON documents USING gin (tags)",
    "CREATE INDEX documents_email ON documents (tenant_id, lower(email))",
    "CREATE INDEX documents_email_lower ON documents (tenant_id, email_lower)",
];

fn bar(what: &str, steps: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} {elapsed} (about {eta})");
    ProgressBar::new(steps).with_style(style.unwrap()).with_message(what.to_owned())
}

/// Runs an `INSERT … generate_series({from}, {to})` in parts.
async fn fill(database: &TestDatabase, what: &str, rows: i64, insert: &str) {
    const PART: i64 = 50_000;
    let bar = bar(what, rows.unsigned_abs());
    let mut from = 1;
    while from <= rows {
        let to = (from + PART - 1).min(rows);
        let sql = insert.replace("{from}", &from.to_string()).replace("{to}", &to.to_string());
        database.session().batch(&sql).await.unwrap();
        bar.inc((to - from + 1).unsigned_abs());
        from = to + 1;
    }
    bar.finish();
}

pub(crate) async fn documents(database: &TestDatabase, arguments: &Arguments) {
    let session = database.session();
    session.batch("SET max_parallel_maintenance_workers = 2").await.unwrap();
    session.batch(DOCUMENTS).await.unwrap();
    let insert = DOCUMENT
        .replace("{giant}", &arguments.giant().to_string())
        .replace("{tenants}", &arguments.tenants.to_string())
        .replace("{rare}", &arguments.rare().to_string());
    fill(database, "documents", arguments.rows + arguments.giants_rows(), &insert).await;
    let bar = bar("indexes of documents", INDEXES.len() as u64);
    for index in INDEXES {
        let memory = "SET maintenance_work_mem = '1GB'";
        session.batch(&format!("{memory}; {index}")).await.unwrap();
        bar.inc(1);
    }
    bar.finish();
    session.batch("VACUUM (ANALYZE) documents").await.unwrap();
}

/// A narrow table in which tenant 7 has 1,000 rows, whatever the others have; one in two is tenant
/// 1's where it is `half`.
pub(crate) async fn narrow(
    database: &TestDatabase,
    name: &str,
    rows: i64,
    tenants: i64,
    half: bool,
) {
    let session = database.session();
    let create = format!(
        "CREATE TABLE {name} (id bigint NOT NULL, tenant_id bigint NOT NULL, n int NOT NULL, note text NOT NULL)"
    );
    session.batch(&create).await.unwrap();
    let others = format!("8 + abs(hashint8(n)::bigint) % {tenants}");
    let giant = if half { "WHEN n % 2 = 1 THEN 1" } else { "" };
    let insert = format!(
        "INSERT INTO {name} SELECT n, CASE WHEN n % {every} = 0 AND n / {every} <= 1000 THEN 7 {giant} ELSE {others} END,
         n % 1000, 'note ' || n FROM generate_series({{from}}, {{to}}) AS n",
        every = rows / 1000
    );
    fill(database, name, rows, &insert).await;
    for index in [
        format!("ALTER TABLE {name} ADD PRIMARY KEY (id)"),
        format!("CREATE INDEX ON {name} (tenant_id, id)"),
    ] {
        session.batch(&index).await.unwrap();
    }
    session.batch(&format!("VACUUM (ANALYZE) {name}")).await.unwrap();
}
