//! Tenants in many databases, behind one handle.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use sea_orm::EntityTrait;
use tenant_core::{
    DatabaseAddress, DatabaseProvider, Databases, Error as CoreError, Placement, Pooler, Principal,
    RegistryError, SqlSession, StaticDatabases, StaticRegistry, TenantRecord, TenantScope,
    Unverified,
};
use tenant_diesel::prelude::*;
use tenant_testkit::TestDatabase;
use uuid::Uuid;

use crate::{
    app::App,
    diesel_app::schema::customers,
    everywhere::suite,
    seaorm_app,
    world::{World, at, shared},
};

pub(crate) fn in_database(name: &str) -> Placement {
    Placement::database(name).unwrap()
}

/// What both handles are built with.
pub(crate) struct Handles<'w> {
    pub(crate) world: &'w World,
    pub(crate) url: String,
    pub(crate) databases: Databases,
    pub(crate) each: u32,
    pub(crate) pooler: Pooler,
    /// How long a caller waits in line, if not as long as usual.
    pub(crate) wait: Option<Duration>,
    /// Why the databases are not looked at.
    pub(crate) unchecked: Option<&'static str>,
}

impl<'w> Handles<'w> {
    pub(crate) fn new(world: &'w World, databases: Databases, each: u32) -> Self {
        let (url, pooler) = (world.login(), Pooler::None);
        Self { world, url, databases, each, pooler, wait: None, unchecked: None }
    }

    pub(crate) async fn diesel(&self) -> tenant_diesel::TenantDb {
        let mut builder = tenant_diesel::TenantDb::builder(&crate::diesel_app::TENANCY)
            .layout(self.world.layout.clone())
            .max_connections(self.each)
            .pooler(self.pooler)
            .databases(self.databases.clone());
        if let Some(wait) = self.wait {
            builder = builder.acquire_timeout(wait);
        }
        if let Some(why) = self.unchecked {
            builder = builder.without_startup_check_unchecked(why);
        }
        builder.connect(&self.url).await.unwrap()
    }

    pub(crate) async fn seaorm(&self) -> tenant_seaorm::TenantDb {
        let mut builder = tenant_seaorm::TenantDb::builder(&crate::seaorm_app::TENANCY)
            .layout(self.world.layout.clone())
            .max_connections(self.each)
            .pooler(self.pooler)
            .databases(self.databases.clone());
        if let Some(wait) = self.wait {
            builder = builder.acquire_timeout(wait);
        }
        if let Some(why) = self.unchecked {
            builder = builder.without_startup_check_unchecked(why);
        }
        builder.connect(&self.url).await.unwrap()
    }
}

/// The address under the first one's login: roles belong to the whole server.
pub(crate) fn address(first: &World, database: &TestDatabase) -> DatabaseAddress {
    DatabaseAddress::new(database.url(first.layout.roles().login()))
}

/// These databases, by these names.
fn known(main: &World, databases: &[(&str, &World)]) -> StaticDatabases {
    databases.iter().fold(StaticDatabases::new(), |known, (name, world)| {
        known.database(*name, address(main, &world.database))
    })
}

/// A secret store whose answers change.
#[derive(Clone, Default)]
pub(crate) struct Changing(Arc<Mutex<BTreeMap<String, DatabaseAddress>>>);

impl Changing {
    pub(crate) fn set(&self, name: &str, address: DatabaseAddress) {
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

/// Core's error, in either adapter's.
pub(crate) fn core_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e CoreError {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(tenant_diesel::Error::Core(error)), _)
        | (_, Some(tenant_seaorm::Error::Core(error))) => error,
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn databases_of_their_own_and_shards_and_schemas_in_them() {
    let main = World::open().await;
    let (one, two) = (World::beside(&main).await, World::beside(&main).await);
    one.schema("acme").await;
    one.schema("globex").await;
    let known = known(&main, &[("one", &one), ("two", &two)]);
    let handles = Handles::new(&main, Databases::new(known), 2);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    suite(&diesel, &at(1, in_database("one")).await, &at(2, in_database("two")).await).await;
    suite(&seaorm, &at(3, in_database("one")).await, &at(4, in_database("two")).await).await;
    // Two in one database, which row security keeps apart.
    let shard = Placement::shared("two").unwrap();
    suite(&diesel, &at(5, shard.clone()).await, &at(6, shard.clone()).await).await;
    suite(&seaorm, &shared(7).await, &at(8, shard).await).await;
    let own = |name: &str| Placement::schema("one", name).unwrap();
    suite(&diesel, &at(9, own("acme")).await, &shared(10).await).await;
    suite(&seaorm, &at(11, own("globex")).await, &at(12, in_database("two")).await).await;
    assert_eq!(main.count("customers").await, 3);
    assert_eq!(one.count("public.customers").await, 4);
    assert_eq!(one.count("acme.customers").await, 2);
    let metrics = diesel.router_metrics().unwrap();
    assert_eq!((metrics.pools, metrics.opened, metrics.lent), (2, 2, 0), "{metrics:?}");
    seaorm.close().await;
    diesel.close();
    let scope = at(1, in_database("one")).await;
    assert!(matches!(seaorm.begin(&scope).await, Err(tenant_seaorm::Error::Closed { .. })));
    assert!(matches!(diesel.begin(&scope).await, Err(tenant_diesel::Error::Closed { .. })));
}

/// Without `.databases(…)` nothing is different from before.
#[tokio::test]
async fn a_pool_of_one_database_opens_no_tenant_of_another() {
    let main = World::open().await;
    let scope = at(1, in_database("one")).await;
    let (diesel, seaorm) = (main.diesel().await, main.seaorm().await);
    let refused = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::Elsewhere { .. }), "{refused}");
    let refused = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(core_error(&refused), CoreError::Elsewhere { .. }), "{refused}");
    assert!(diesel.router_metrics().is_none() && seaorm.router_metrics().is_none());
}

#[tokio::test]
async fn a_database_of_its_own_costs_no_round_trip_more_than_shared_tables() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let proxy = other.database.proxy().await.unwrap();
    let url = proxy.url(main.layout.roles().login());
    let known = StaticDatabases::new().database("other", DatabaseAddress::new(url));
    let handles = Handles::new(&main, Databases::new(known), 1);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database("other")).await;
    for is_warm in [false, true] {
        proxy.reset();
        let mut tx = diesel.begin(&scope).await.unwrap();
        customers::table.count().get_result::<i64>(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        if is_warm {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
        proxy.reset();
        let tx = seaorm.begin(&scope).await.unwrap();
        seaorm_app::order::Entity::find().all(&tx).await.unwrap();
        tx.commit().await.unwrap();
        if is_warm {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
    }
}

/// A claim that says where it wants to go is a claim all the same.
#[tokio::test]
async fn a_claim_cannot_say_where_it_goes() {
    let claim = TenantScope::claim(Uuid::from_u128(1), Principal::User("mallory".into()));
    let mut claim = serde_json::to_value(&claim).unwrap();
    claim["placement"] = serde_json::json!({ "kind": "database", "database": "victim" });
    claim["database"] = "victim".into();
    let record = TenantRecord::new(Uuid::from_u128(1), "acme");
    let registry = StaticRegistry::new([record.clone()]).member(record.id, "mallory");
    let claim: TenantScope<Unverified> = serde_json::from_value(claim).unwrap();
    let scope = claim.verify(&registry).await.unwrap();
    assert_eq!(scope.record().placement, Placement::default());
}

#[tokio::test]
async fn a_tenant_does_not_leave_its_region() {
    let main = World::open().await;
    let other = World::beside(&main).await;
    let us = address(&main, &other.database).region("us");
    let databases = Databases::new(StaticDatabases::new().database("us-1", us));
    let handles = Handles::new(&main, databases, 1);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
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

/// Each database is asked, as the first one is; and its tenants alone suffer.
#[tokio::test]
async fn a_database_that_would_not_keep_tenants_apart_is_not_opened() {
    let main = World::open().await;
    let (sound, holed) = (World::beside(&main).await, World::beside(&main).await);
    let hole = "ALTER TABLE customers DISABLE ROW LEVEL SECURITY";
    holed.database.session().batch(hole).await.unwrap();
    let known = known(&main, &[("sound", &sound), ("holed", &holed)]);
    let handles = Handles::new(&main, Databases::new(known), 1);
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database("holed")).await;
    let refused = diesel.begin(&scope).await.unwrap_err();
    assert!(matches!(refused, tenant_diesel::Error::NotIsolated { .. }), "{refused}");
    let refused = seaorm.begin(&scope).await.unwrap_err();
    assert!(matches!(refused, tenant_seaorm::Error::NotIsolated { .. }), "{refused}");
    let sound = at(2, in_database("sound")).await;
    diesel.customers(&sound).await;
    seaorm.customers(&sound).await;
}
