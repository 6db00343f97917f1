//! What becomes of the others when one of many databases is not there.

use std::time::{Duration, Instant};

use tenant_core::{DatabaseAddress, Databases, Error as CoreError, StaticDatabases};
use tenant_diesel::prelude::*;

use crate::{
    app::App,
    databases::{Changing, Handles, address, core_error, in_database},
    diesel_app::schema::customers,
    world::{World, at, shared},
};

/// Long enough for what does answer, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks until it is so; the answers themselves take their time.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(60), "it never was so");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_database_that_is_down_fails_its_own_tenants_quickly_and_comes_back() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let provider = Changing::default();
    // Nobody listens there.
    provider.set("down", DatabaseAddress::new("postgres://x@127.0.0.1:1/x"));
    let databases = Databases::new(provider.clone())
        .connect_timeout(PATIENCE)
        .retry_after(Duration::from_secs(2));
    let handles = Handles::new(&main, databases, 2);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database("down")).await;
    diesel.begin(&scope).await.unwrap_err();
    let told = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }), "{told}");
    seaorm.begin(&scope).await.unwrap_err();
    let told = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }), "{told}");
    diesel.customers(&shared(2).await).await;
    seaorm.customers(&shared(2).await).await;
    let metrics = diesel.router_metrics().unwrap();
    assert_eq!((metrics.down, metrics.told_at_once), (1, 1), "{metrics:?}");
    // The provider is asked again.
    provider.set("down", address(&main, &other.database));
    until(async || diesel.begin(&scope).await.is_ok()).await;
    until(async || seaorm.begin(&scope).await.is_ok()).await;
    assert_eq!(diesel.router_metrics().unwrap().down, 0);
    assert_eq!(seaorm.router_metrics().unwrap().down, 0);
}

#[tokio::test]
async fn a_database_that_nobody_knows_and_a_provider_that_does_not_answer() {
    let main = World::open().await;
    let handles = Handles::new(&main, Databases::new(Changing::default()), 1);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database("unknown")).await;
    let refused = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::UnknownDatabase { .. }), "{refused}");
    let refused = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::UnknownDatabase { .. }), "{refused}");
    let scope = at(1, in_database("silent")).await;
    let refused = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::Provider { .. }), "{refused}");
    let refused = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::Provider { .. }), "{refused}");
    diesel.customers(&shared(2).await).await;
    seaorm.customers(&shared(2).await).await;
}

#[tokio::test]
async fn a_database_that_hangs_does_so_for_its_own_tenants_alone() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let proxy = other.database.proxy().await.unwrap();
    let url = proxy.url(main.layout.roles().login());
    let known = StaticDatabases::new().database("other", DatabaseAddress::new(url));
    let databases =
        Databases::new(known).connect_timeout(PATIENCE).retry_after(Duration::from_secs(2));
    let handles = Handles::new(&main, databases, 2);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database("other")).await;
    diesel.customers(&scope).await;
    seaorm.customers(&scope).await;
    proxy.stall();
    diesel.begin(&scope).await.unwrap_err();
    let told = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }), "{told}");
    seaorm.begin(&scope).await.unwrap_err();
    let told = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }), "{told}");
    diesel.customers(&shared(2).await).await;
    seaorm.customers(&shared(2).await).await;
    proxy.resume();
    until(async || diesel.begin(&scope).await.is_ok()).await;
    until(async || seaorm.begin(&scope).await.is_ok()).await;
}

/// `BEGIN` travels with the first statement there, which hears that nobody answers.
#[tokio::test]
async fn a_read_that_is_not_answered_says_so_for_the_next_one() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let proxy = other.database.proxy().await.unwrap();
    let url = proxy.url(main.layout.roles().login());
    let known = StaticDatabases::new().database("other", DatabaseAddress::new(url));
    let databases =
        Databases::new(known).connect_timeout(PATIENCE).retry_after(Duration::from_mins(1));
    let diesel = Handles::new(&main, databases, 2).diesel().await;
    let scope = at(1, in_database("other")).await;
    let names = async || diesel.read(&scope, customers::table.select(customers::name)).await;
    let none: Vec<String> = names().await.unwrap();
    assert!(none.is_empty());
    proxy.stall();
    names().await.unwrap_err();
    let told = names().await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }), "{told}");
}
