//! Row security on one large table: the published queries and others by the form of the policy, what
//! grows with rows and tenants, predicates that lose their index and what gives it back, plans that
//! remember a tenant.
//!
//! `cargo bench -p tenant-benches --bench rls_table -- --rows 10000000 --tenants 5000 --seconds 20`
//! builds some 12 GB and takes about an hour; without arguments it takes two minutes. The server
//! should have its memory: `TENANT_TEST_DATABASE_URL`. `--rows 20000 --tenants 50` is for seeing
//! whether it runs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arguments;
mod build;
mod forms;
mod growth;
mod measure;
mod predicates;
mod published;
mod remembered;

use arguments::Arguments;
use forms::Form;
use measure::Plans;
use tenant_benches::results::{Results, Table, Value};
use tenant_core::{
    Binding, Isolation, Layout, Seal, SealKey, SealKeys, Search, SearchBy, SqlSession, TableName,
    Tenancy, TenantKey,
};
use tenant_testkit::TestDatabase;

fn searches() -> Vec<Search> {
    let column = str::to_owned;
    let search = |name: &str, by: SearchBy| {
        Search::new(name, TableName::new("documents").unwrap(), "id", by)
    };
    vec![
        search(
            "words",
            SearchBy::Words { column: column("words"), configuration: column("simple") },
        ),
        search("amount", SearchBy::Range { column: column("amount") }),
        search("state", SearchBy::Range { column: column("state") }),
        search("doc", SearchBy::Json { column: column("doc") }),
        search("tags", SearchBy::AnyOf { column: column("tags") }),
        search("title", SearchBy::Part { column: column("title") }),
        search("title_ignoring_case", SearchBy::PartIgnoringCase { column: column("title") }),
        search("email", SearchBy::SameIgnoringCase { column: column("email") }),
    ]
}

fn isolation(layout: &Layout, tables: &[&str]) -> Isolation {
    let tenancy = tables.iter().fold(Tenancy::new(TenantKey::Bigint), |tenancy, table| {
        tenancy.tenant_table(TableName::new(table), None)
    });
    let isolation = Isolation::new(&tenancy, layout).unwrap();
    searches().into_iter().fold(isolation, |isolation, search| isolation.search(search).unwrap())
}

const ABOUT: &str = "One table of documents with a dozen indexes, its rows in no order of tenants; each tenant has as many, and one has \
    a twentieth as many as all others together. Each form of the policy is a login of its own on the same table; variants take turns, in open \
    transactions, with statements that are prepared once. Sealed is `Binding::Guarded`. The plans are beside the results, in `rls_table.plans.txt`.";

#[tokio::main]
async fn main() {
    let arguments = Arguments::read();
    let database = TestDatabase::create().await.unwrap();
    let session = database.session();
    let narrow = growth::tables(&arguments);
    build::documents(&database, &arguments).await;
    growth::build(&database, &narrow).await;
    let mut tables = vec!["documents"];
    tables.extend(narrow.iter().map(|table| table.name.as_str()));

    let layout = Layout::new(database.name()).unwrap();
    let plain = isolation(&layout, &tables);
    database.install(&plain).await.unwrap();
    session.batch(&forms::policies(&database, &tables)).await.unwrap();
    // Whatever the installation left to be seen as everybody's, and what a checkpoint writes, is done in nobody's turn.
    for table in &tables {
        session.batch(&format!("VACUUM (ANALYZE) {table}")).await.unwrap();
    }
    session.batch("CHECKPOINT").await.unwrap();

    let title = "Row security on a large table";
    let mut results = Results::new("rls_table", title, ABOUT, session).await;
    results.command =
        format!("{} -- --rows {} --tenants {}", results.command, arguments.rows, arguments.tenants);
    results.tables.push(sizes(&database, &arguments).await);
    let mut plans = Plans::default();
    let observed = [arguments.small(), arguments.giant(), growth::TENANT];

    let explicit = Form::explicit(&database).await;
    let bare = Form::bare(&database).await;
    let ours = Form::pool(&database, &layout, None, &observed).await;
    predicates::measure(&arguments, &database, &explicit, &ours, &mut results, &mut plans).await;
    remembered::measure(&arguments, &database, &bare, &ours, &mut results, &mut plans).await;

    let key = SealKey::new("k1", vec![7; 32]).unwrap();
    let sealed = layout.clone().binding(Binding::Guarded);
    isolation(&sealed, &tables).apply(session).await.unwrap();
    SealKeys::new(session).add(&key).await.unwrap();
    let sealed = Form::pool(&database, &sealed, Some(&Seal::new(key)), &observed).await;
    let forms =
        [explicit, bare, Form::wrapped(&database).await, Form::function(&database).await, sealed];
    published::measure(&arguments, &database, &forms, &mut results, &mut plans).await;
    let [explicit, _, _, function, sealed] = forms;
    let shown = [&explicit, &function, &sealed];
    growth::measure(&arguments, &narrow, shown, &mut results, &mut plans).await;
    plans.write();
    results.finish();
    drop([explicit, function, sealed]);
    database.close().await.unwrap();
}

async fn sizes(database: &TestDatabase, arguments: &Arguments) -> Table {
    let sql = "SELECT pg_size_pretty(pg_table_size('documents')) AS rows,
        pg_size_pretty(pg_indexes_size('documents')) AS indexes,
        pg_size_pretty(pg_database_size(current_database())) AS all";
    let found = database.session().rows(sql, &[]).await.unwrap();
    let size = |name: &str| Value::from(found[0][name].as_str().unwrap());
    let buffers = "SELECT current_setting('shared_buffers') AS buffers";
    let buffers = database.session().rows(buffers, &[]).await.unwrap();
    let head =
        ["tenants", "rows", "of the giant", "table", "indexes", "with all else", "shared_buffers"];
    let mut table = Table::new("What was measured on", "", &head);
    let text = |n: i64| Value::from(n.to_string().as_str());
    table.row(
        "documents",
        [
            text(arguments.tenants + 1),
            text(arguments.rows + arguments.giants_rows()),
            text(arguments.giants_rows()),
            size("rows"),
            size("indexes"),
            size("all"),
            Value::from(buffers[0]["buffers"].as_str().unwrap()),
        ],
    );
    table
}
