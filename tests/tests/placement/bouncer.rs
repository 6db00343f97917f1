//! Every placement through `PgBouncer` in transaction mode, with fewer connections to the server than
//! there are transactions at once.
//!
//! `cargo test -p tenant-tests --test placement -- --ignored bouncer`, with `PgBouncer` installed; and with
//! `PGBOUNCER_NEWER` naming one of 1.21 or newer, that one, too.

use futures_util::future::join_all;
use tenant_core::{DatabaseAddress, Databases, Placement, Pooler, StaticDatabases};
use tenant_tests::bouncer::{Bouncer, Settings};

use crate::{
    app::{App, Mood},
    databases::{Handles, in_database},
    everywhere::suite,
    world::{World, at, schema, shared},
};

/// Which poolers there are, and what is to be said of each.
fn kinds() -> Vec<(Settings, Pooler)> {
    let mut kinds = vec![(Settings::default(), Pooler::Transaction)];
    if let Some(newer) = Settings::newer() {
        kinds.push((newer.clone(), Pooler::Transaction));
        kinds.push((newer, Pooler::TransactionWithPreparedStatements));
    }
    kinds
        .into_iter()
        .map(|(settings, pooler)| (Settings { servers: 2, ..settings }, pooler))
        .collect()
}

#[tokio::test]
#[ignore = "PgBouncer: cargo test -p tenant-tests --test placement -- --ignored bouncer"]
async fn bouncer_every_placement() {
    for (settings, pooler) in kinds() {
        let main = World::open().await;
        let other = World::beside(&main).await;
        for name in ["acme", "globex"] {
            main.schema(name).await;
            other.schema(name).await;
        }
        let bouncer = Bouncer::with(&main.database, main.layout.roles().login(), settings).await;
        let there = DatabaseAddress::new(bouncer.url_of(other.database.name()));
        let databases = Databases::new(StaticDatabases::new().database("other", there));
        let mut handles = Handles::new(&main, databases, 4);
        (handles.url, handles.pooler) = (bouncer.url(), pooler);
        everywhere(&handles.diesel().await, 0).await;
        everywhere(&handles.seaorm().await, 100).await;
        assert_eq!(main.count("public.customers").await, other.count("public.customers").await);
    }
}

async fn everywhere(app: &impl App, from: u128) {
    let scopes = [
        (shared(from + 1).await, at(from + 2, in_database("other")).await),
        (schema(from + 3, "acme").await, shared(from + 4).await),
        (at(from + 5, in_database("other")).await, schema(from + 6, "globex").await),
        (
            at(from + 7, Placement::schema("other", "acme").unwrap()).await,
            at(from + 8, Placement::schema("other", "globex").unwrap()).await,
        ),
    ];
    for (a, b) in &scopes {
        suite(app, a, b).await;
    }
    // All at once, over two connections of the server's to each database.
    let all: Vec<_> = scopes.iter().flat_map(|(a, b)| [a, b]).collect();
    let works = all.iter().enumerate().map(|(n, scope)| async move {
        let name = format!("crowd-{n}");
        for _ in 0..20 {
            app.order(scope, &name, Mood::Sad, 1).await;
            let names = app.customers(scope).await;
            assert!(names.iter().all(|(seen, _)| !seen.starts_with("crowd") || *seen == name));
        }
    });
    join_all(works).await;
}
