//! Tenants in many databases, behind one handle.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tenant_core::{
    DatabaseAddress, DatabaseProvider, Databases, Error as CoreError, Placement, Principal,
    RegistryError, RouterMetrics, SqlSession, StaticDatabases, StaticRegistry, TenantRecord, TenantScope,
    Unverified, Verified,
};
use tenant_testkit::{Error as TestError, TestDatabase};
use tenant_tests::cancel::cancelled_after;
use uuid::Uuid;

use crate::{
    app::{App, Mood},
    everywhere::suite,
    world::{World, at, shared},
};

fn in_database(name: &str) -> Placement {
    Placement::database(name).unwrap()
}

/// Both handles, over these databases.
async fn handles(
    world: &World,
    databases: &Databases,
    each: u32,
) -> (tenant_diesel::TenantDb, tenant_seaorm::TenantDb) {
    let layout = || world.layout.clone();
    let diesel = tenant_diesel::TenantDb::builder(&crate::diesel_app::TENANCY)
        .layout(layout())
        .max_connections(each)
        .databases(databases.clone());
    let seaorm = tenant_seaorm::TenantDb::builder(&crate::seaorm_app::TENANCY)
        .layout(layout())
        .max_connections(each)
        .databases(databases.clone());
    (diesel.connect(world.login()).await.unwrap(), seaorm.connect(world.login()).await.unwrap())
}

/// The address under the first one's login: roles belong to the whole server.
fn address(first: &World, database: &TestDatabase) -> DatabaseAddress {
    DatabaseAddress::new(database.url(first.layout.roles().login()))
}

#[tokio::test]
async fn databases_of_their_own_and_shards_and_schemas_in_them() {
    let main = World::open().await;
    let (one, two) = (World::beside(&main).await, World::beside(&main).await);
    one.schema("acme").await;
    one.schema("globex").await;
    let databases = Databases::new(
        StaticDatabases::new()
            .database("one", address(&main, &one.database))
            .database("two", address(&main, &two.database)),
    );
    let (diesel, seaorm) = handles(&main, &databases, 2).await;
    suite(&diesel, &at(1, in_database("one")).await, &at(2, in_database("two")).await).await;
    suite(&seaorm, &at(3, in_database("one")).await, &at(4, in_database("two")).await).await;
    let shard = Placement::shared("two").unwrap();
    suite(&diesel, &at(5, shard.clone()).await, &at(6, shard.clone()).await).await;
    suite(&seaorm, &shared(7).await, &at(8, shard).await).await;
    let own = |name: &str| Placement::schema("one", name).unwrap();
    suite(&diesel, &at(9, own("acme")).await, &shared(10).await).await;
    suite(&seaorm, &at(11, own("globex")).await, &at(12, in_database("two")).await).await;
    assert_eq!(main.count("customers").await, 2);
    assert_eq!(one.count("public.customers").await, 4);
}

/// A claim that says where it wants to go is a claim all the same.
#[tokio::test]
async fn a_claim_cannot_say_where_it_goes() {
    let claim = serde_json::json!({
        "tenant": Uuid::from_u128(1), "principal": { "User": "mallory" },
        "placement": { "kind": "database", "database": "victim" }, "database": "victim",
    });
    let record = TenantRecord::new(Uuid::from_u128(1), "acme");
    let registry = StaticRegistry::new([record.clone()]).member(record.id, "mallory");
    let Ok(claim) = serde_json::from_value::<TenantScope<Unverified>>(claim) else { return };
    let scope = claim.verify(&registry).await.unwrap();
    assert_eq!(scope.record().placement, Placement::default());
}

/// A secret store whose answers change.
#[derive(Clone, Default)]
struct Changing(Arc<Mutex<BTreeMap<String, DatabaseAddress>>>);

impl Changing {
    fn set(&self, name: &str, address: DatabaseAddress) {
        self.0.lock().unwrap().insert(name.to_owned(), address);
    }
}

#[async_trait::async_trait]
impl DatabaseProvider for Changing {
    async fn database(&self, name: &str) -> Result<Option<DatabaseAddress>, RegistryError> {
        match name {
            "silent" => Err("the secret store does not answer".into()),
            name => Ok(self.0.lock().unwrap().get(name).cloned()),
        }
    }
}

fn core_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e CoreError {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(tenant_diesel::Error::Core(error)), _) | (_, Some(tenant_seaorm::Error::Core(error))) => {
            error
        }
        _ => panic!("{error:?}"),
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
        .connect_timeout(Duration::from_millis(500))
        .retry_after(Duration::from_millis(300));
    let (diesel, seaorm) = handles(&main, &databases, 2).await;
    let scope = at(1, in_database("down")).await;
    diesel.begin(&scope).await.unwrap_err();
    seaorm.begin(&scope).await.unwrap_err();
    let started = Instant::now();
    let (told, told_too) = (diesel.begin(&scope).await, seaorm.begin(&scope).await);
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    assert!(matches!(core_error(&told.unwrap_err()), CoreError::DatabaseDown { .. }));
    assert!(matches!(core_error(&told_too.unwrap_err()), CoreError::DatabaseDown { .. }));
    diesel.customers(&shared(2).await).await;
    seaorm.customers(&shared(2).await).await;
    for name in ["unknown", "silent"] {
        let scope = at(3, in_database(name)).await;
        core_error(&diesel.begin(&scope).await.unwrap_err());
        core_error(&seaorm.begin(&scope).await.unwrap_err());
    }
    let metrics = diesel.router_metrics().unwrap();
    assert_eq!((metrics.down, metrics.told_at_once), (1, 1), "{metrics:?}");
    provider.set("down", address(&main, &other.database));
    until(async || diesel.begin(&scope).await.is_ok()).await;
    until(async || seaorm.begin(&scope).await.is_ok()).await;
    assert_eq!(diesel.router_metrics().unwrap().down, 0);
}

/// Asks until it is so; the answers themselves take their time.
async fn until(holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(20), "it never was so");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_database_that_hangs_does_so_for_its_own_tenants_alone() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let proxy = other.database.proxy().await.unwrap();
    let provider = StaticDatabases::new();
    let url = proxy.url(main.layout.roles().login());
    let databases = Databases::new(provider.database("other", DatabaseAddress::new(url)))
        .connect_timeout(Duration::from_millis(300))
        .retry_after(Duration::from_millis(300));
    let (diesel, seaorm) = handles(&main, &databases, 2).await;
    let scope = at(1, in_database("other")).await;
    diesel.customers(&scope).await;
    seaorm.customers(&scope).await;
    proxy.stall();
    let started = Instant::now();
    diesel.begin(&scope).await.unwrap_err();
    seaorm.begin(&scope).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let told = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&told), CoreError::DatabaseDown { .. }));
    diesel.customers(&shared(2).await).await;
    seaorm.customers(&shared(2).await).await;
    proxy.resume();
    until(async || diesel.begin(&scope).await.is_ok()).await;
    until(async || seaorm.begin(&scope).await.is_ok()).await;
}

#[tokio::test]
async fn a_tenant_does_not_leave_its_region() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let us = address(&main, &other.database).region("us");
    let databases = Databases::new(StaticDatabases::new().database("us-1", us));
    let (diesel, seaorm) = handles(&main, &databases, 1).await;
    let scope = async |region: &str| {
        let record = TenantRecord::new(Uuid::from_u128(1), "t").region(region);
        let record = record.placement(in_database("us-1"));
        let claim = TenantScope::claim(record.id.clone(), Principal::System("test".into()));
        claim.verify(&StaticRegistry::new([record])).await.unwrap()
    };
    let american = scope("us").await;
    diesel.customers(&american).await;
    seaorm.customers(&american).await;
    let european = scope("eu").await;
    let refused = diesel.begin(&european).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::WrongRegion { .. }), "{refused}");
    let refused = seaorm.begin(&european).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::WrongRegion { .. }), "{refused}");
}

/// Databases made from one template, whose roles serve all of them.
async fn clones(count: usize) -> (World, Vec<TestDatabase>) {
    let main = World::open().await;
    let mut all = Vec::new();
    for _ in 0..count {
        let database = TestDatabase::from_template("placed", async |template| {
            let sql = "CREATE TABLE notes (id int)";
            template.session().batch(sql).await.map_err(TestError::setup)
        })
        .await
        .unwrap();
        all.push(database);
    }
    (main, all)
}

/// Many transactions over all databases at once, while one database asks for more than all others
/// together: all end, none waits long, and there are never more connections than agreed.
async fn crowd(count: usize, cap: usize, pools: usize, rounds: usize) -> [(Duration, RouterMetrics); 2] {
    let (main, all) = clones(count).await;
    let name = |n: usize| format!("db-{n}");
    let provider = all.iter().enumerate().fold(StaticDatabases::new(), |known, (n, database)| {
        known.database(name(n), address(&main, database))
    });
    let databases = Databases::new(provider).max_connections(cap).max_pools(pools);
    let reason = "the databases are empty";
    let layout = || main.layout.clone();
    let diesel = tenant_diesel::TenantDb::builder(&crate::diesel_app::TENANCY)
        .layout(layout())
        .max_connections(4)
        .without_startup_check_unchecked(reason)
        .databases(databases.clone())
        .connect(main.login())
        .await
        .unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&crate::seaorm_app::TENANCY)
        .layout(layout())
        .max_connections(4)
        .without_startup_check_unchecked(reason)
        .databases(databases)
        .connect(main.login())
        .await
        .unwrap();
    let mut scopes = Vec::new();
    for n in 0..count {
        scopes.push(at(u128::try_from(n).unwrap() + 1, in_database(&name(n))).await);
    }
    let greedy = count * 2;
    let works: Vec<&TenantScope<Verified>> =
        (0..greedy).map(|_| &scopes[0]).chain(scopes.iter().cycle().take(count * rounds)).collect();
    let measured = async |begin: &dyn AsyncBegin| {
        let waits = join_all(works.iter().map(|scope| begin.begin_and_end(scope))).await;
        // Those behind the greedy ones, who asked first.
        waits[greedy..].iter().copied().max().unwrap()
    };
    let first = measured(&diesel).await;
    let metrics = diesel.router_metrics().unwrap();
    diesel.close();
    let second = measured(&seaorm).await;
    let metrics_too = seaorm.router_metrics().unwrap();
    for metrics in [metrics, metrics_too] {
        assert!(metrics.connections <= cap && metrics.pools <= pools, "{metrics:?}");
        assert_eq!(metrics.unreachable, 0, "{metrics:?}");
        assert!(metrics.opened >= u64::try_from(count).unwrap(), "{metrics:?}");
    }
    [(first, metrics), (second, metrics_too)]
}

#[async_trait::async_trait(?Send)]
trait AsyncBegin {
    /// How long it took to open a transaction.
    async fn begin_and_end(&self, scope: &TenantScope<Verified>) -> Duration;
}

#[async_trait::async_trait(?Send)]
impl AsyncBegin for tenant_diesel::TenantDb {
    async fn begin_and_end(&self, scope: &TenantScope<Verified>) -> Duration {
        let started = Instant::now();
        let tx = self.begin(scope).await.unwrap();
        let took = started.elapsed();
        tx.commit().await.unwrap();
        took
    }
}

#[async_trait::async_trait(?Send)]
impl AsyncBegin for tenant_seaorm::TenantDb {
    async fn begin_and_end(&self, scope: &TenantScope<Verified>) -> Duration {
        let started = Instant::now();
        let tx = self.begin(scope).await.unwrap();
        let took = started.elapsed();
        tx.commit().await.unwrap();
        took
    }
}

#[tokio::test]
async fn many_databases_share_few_connections_and_fewer_pools() {
    let [(_, diesel), (_, seaorm)] = crowd(8, 5, 3, 3).await;
    assert!(diesel.evicted > 0 && seaorm.evicted > 0, "{diesel:?} {seaorm:?}");
}

#[tokio::test]
#[ignore = "100 databases: cargo test -p tenant-tests --test placement -- --ignored --nocapture hundred"]
async fn a_hundred_databases_share_forty_connections() {
    for pools in [100, 30] {
        for ((longest, metrics), orm) in crowd(100, 40, pools, 3).await.iter().zip(["Diesel", "SeaORM"]) {
            println!("{orm}, {pools} pools: the longest wait {longest:?}; {metrics:?}");
        }
    }
}

#[tokio::test]
async fn cancelled_calls_hold_nothing() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let provider = StaticDatabases::new().database("other", address(&main, &other.database));
    let databases = Databases::new(provider).max_connections(2).max_pools(1);
    let (diesel, seaorm) = handles(&main, &databases, 2).await;
    let scope = at(1, in_database("other")).await;
    for polls in 1..40 {
        drop(cancelled_after(polls, diesel.begin(&scope)).await);
        drop(cancelled_after(polls, seaorm.begin(&scope)).await);
    }
    diesel.customers(&scope).await;
    seaorm.customers(&scope).await;
    until(async || diesel.router_metrics().unwrap().lent == 0).await;
    until(async || seaorm.router_metrics().unwrap().lent == 0).await;
    // All turns and slots are there again.
    for _ in 0..2 {
        let [one, two] = [diesel.begin(&scope).await.unwrap(), diesel.begin(&scope).await.unwrap()];
        one.commit().await.unwrap();
        two.commit().await.unwrap();
        let [one, two] = [seaorm.begin(&scope).await.unwrap(), seaorm.begin(&scope).await.unwrap()];
        one.commit().await.unwrap();
        two.commit().await.unwrap();
    }
    assert_eq!(diesel.customers(&scope).await, Vec::<(String, Mood)>::new());
}
