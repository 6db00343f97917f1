//! Notes that are searched: two tenants with the same things, and a third one with much.

use tenant_core::{
    Binding, Isolation, Layout, Leakproof, Search, SearchBy, SessionError, SqlSession, TableName,
    Tenancy, TenantKey,
};
use tenant_testkit::TestDatabase;

pub(crate) const TABLE: &str = "
    CREATE EXTENSION pg_trgm;
    CREATE TYPE state AS ENUM ('open', 'paid', 'overdue');
    CREATE TABLE notes (id bigserial PRIMARY KEY, title varchar(200), body text NOT NULL,
        words tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED, amount numeric,
        state state, tags text[], doc jsonb, mine int);
    CREATE INDEX notes_words ON notes USING gin (words);
    CREATE INDEX notes_body ON notes USING gin (body gin_trgm_ops);
    CREATE INDEX notes_title ON notes (lower(title));
    CREATE INDEX notes_tags ON notes USING gin (tags);
    CREATE INDEX notes_doc ON notes USING gin (doc);";

/// Tenants 1 and 2 have the same 40 notes but for what is secret; tenant 3 has 3,000.
const ROWS: &str = "
    CREATE INDEX notes_amount ON notes (tenant_id, amount);
    CREATE INDEX notes_state ON notes (tenant_id, state);
    INSERT INTO notes (tenant_id, title, body, amount, state, tags, doc)
    SELECT tenant, 'Note ' || n, 'note number ' || n || CASE n % 10 WHEN 0 THEN ' about a Whale' ELSE '' END,
        n / 4.0, (CASE WHEN n % 50 = 0 THEN 'overdue' WHEN n % 3 = 0 THEN 'paid' ELSE 'open' END)::state, ARRAY['t' || n % 5, 'all'],
        jsonb_build_object('n', n % 7, 'in', jsonb_build_object('deep', n % 5))
    FROM (SELECT 1 + n % 2, 1 + n / 2 FROM generate_series(0, 79) AS n
          UNION ALL SELECT 3, n FROM generate_series(1, 3000) AS n) AS rows (tenant, n);
    INSERT INTO notes (tenant_id, title, body, amount, tags, doc)
    VALUES (2, 'Plan B', 'the secret plan: 100% _quiet_ \\ done', 77.5, '{secret}', '{\"secret\": {\"a\": 1}}');";

pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("notes"), None)
}

pub(crate) fn layout(database: &TestDatabase) -> Layout {
    Layout::new(database.name()).unwrap()
}

fn search(name: &str, by: SearchBy) -> Search {
    Search::new(name, TableName::new("notes").unwrap(), "id", by).newest_first("id")
}

/// One of each kind, by name.
pub(crate) fn searches() -> Vec<Search> {
    let column = str::to_owned;
    vec![
        search(
            "words",
            SearchBy::Words { column: column("words"), configuration: column("english") },
        ),
        search("part", SearchBy::Part { column: column("body") }),
        search("ignoring_case", SearchBy::PartIgnoringCase { column: column("body") }),
        search("title", SearchBy::SameIgnoringCase { column: column("title") }),
        search("amount", SearchBy::Range { column: column("amount") }),
        search("state", SearchBy::Range { column: column("state") }),
        search("doc", SearchBy::Json { column: column("doc") }),
        search("all_tags", SearchBy::AllOf { column: column("tags") }),
        search("any_tag", SearchBy::AnyOf { column: column("tags") }),
    ]
}

pub(crate) fn isolation(layout: &Layout) -> Isolation {
    let isolation = Isolation::new(&tenancy(), layout).unwrap();
    searches().into_iter().fold(isolation, |isolation, search| isolation.search(search).unwrap())
}

pub(crate) fn marked(layout: &Layout) -> Isolation {
    [Leakproof::FullText, Leakproof::Numeric, Leakproof::Enum, Leakproof::JsonbKeys]
        .into_iter()
        .fold(Isolation::new(&tenancy(), layout).unwrap(), Isolation::leakproof)
}

/// The table with its rows, and what this makes of the layout.
pub(crate) async fn installed(of: impl Fn(&Layout) -> Isolation) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(TABLE).await.unwrap();
    database.install(&of(&layout(&database))).await.unwrap();
    database.session().batch(ROWS).await.unwrap();
    // An index of words keeps what is new in a list until then.
    database.session().batch("VACUUM ANALYZE notes").await.unwrap();
    database
}

/// The same, with a seal demanded.
pub(crate) async fn sealed() -> TestDatabase {
    installed(|layout| isolation(&layout.clone().binding(Binding::Sealed))).await
}

/// A transaction as this role of the layout, with this tenant.
pub(crate) async fn within(
    database: &TestDatabase,
    role: &str,
    tenant: &str,
) -> Box<dyn SqlSession> {
    let session = database.session().dedicated().await.unwrap();
    let begin = format!(
        "BEGIN; SET LOCAL ROLE {}_{role}; SET LOCAL app.current_tenant_id = '{tenant}'",
        database.name()
    );
    session.batch(&begin).await.unwrap();
    session
}

/// What a query of one value answers as the tenant, as text.
pub(crate) async fn ask(
    database: &TestDatabase,
    tenant: &str,
    sql: &str,
) -> Result<String, SessionError> {
    one(&*within(database, "tenant", tenant).await, sql).await
}

pub(crate) async fn one(session: &dyn SqlSession, sql: &str) -> Result<String, SessionError> {
    let rows = session.rows(&format!("SELECT ({sql})::text AS x"), &[]).await?;
    Ok(rows[0]["x"].as_str().unwrap_or("NULL").to_owned())
}
