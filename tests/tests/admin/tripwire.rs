//! The tripwire through the adapters: with the wall of rows taken away, a foreign row is an error
//! and a record, and is not handed out.

use std::num::NonZeroU32;

use diesel::connection::DefaultLoadingMode;
use futures_util::TryStreamExt as _;
use sea_orm::{EntityTrait as _, QueryOrder as _, StreamTrait as _};
use tenant_core::{
    AuditEntry, AuditLog, AuditSink, ForeignRow, SqlSession as _, TenantId, Tripwire,
};
use tenant_diesel::{blocking, prelude::*};
use tenant_tests::shop::Shop;

use self::schema::{TENANCY, projects};

mod schema {
    diesel::table! { projects (id) { id -> Int8, tenant_id -> Uuid, name -> Text, } }
    diesel::table! { invoices (id) { id -> Int8, tenant_id -> Uuid, amount -> Int4, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }

    tenant_diesel::tenancy! {
        pub static TENANCY;
        tenant { projects, invoices }
        shared { plans }
    }
}

#[allow(unreachable_pub, reason = "what the derive makes is public")]
mod project {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "projects")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub tenant_id: Uuid,
        pub name: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! { static DECLARED_TO_SEAORM; tenant { project } shared {} }

const EVERY: Tripwire = Tripwire::every_statement();

type Seen = (i64, uuid::Uuid, String);

async fn take_the_wall_away(shop: &Shop) {
    let sql = "ALTER TABLE projects DISABLE ROW LEVEL SECURITY";
    shop.database.session().batch(sql).await.unwrap();
}

/// A sink, and what ends when everything that was left in it is in the log.
fn sink(shop: &Shop) -> (AuditSink, tokio::task::JoinHandle<()>) {
    let registry = shop.database.session_as(&format!("{}_registry", shop.database.name()));
    let (sink, recording) = AuditSink::new(registry);
    (sink, tokio::spawn(recording))
}

async fn entries(shop: &Shop) -> Vec<AuditEntry> {
    let admin = shop.database.session_as(&format!("{}_admin", shop.database.name()));
    AuditLog::new(&admin).entries(0, 10).await.unwrap()
}

fn is_of(foreign: &ForeignRow, tenant: &TenantId, found: &TenantId) {
    assert_eq!((&foreign.tenant, &foreign.found), (tenant, &found.to_string()));
    assert_eq!(foreign.column, "tenant_id");
}

async fn is_recorded(shop: &Shop) {
    let entries = entries(shop).await;
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.event.as_str(), entry.actor.as_str()), ("foreign_row", "system (test)"));
    assert_eq!(entry.tenant, Some(shop.a.to_string()));
    assert!(entry.detail.contains(&shop.b.to_string()), "{entry:?}");
    assert!(!entry.reason.as_ref().unwrap().contains(&shop.b.to_string()), "{entry:?}");
}

/// Attack (watch): row security switched off on a table after the pool was opened.
#[tokio::test]
async fn diesel_hands_no_foreign_row_out_and_keeps_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let (sink, recording) = sink(&shop);
    let builder = tenant_diesel::TenantDb::builder(&TENANCY).tripwire(EVERY).audit_sink(sink);
    let db = builder.connect(shop.url()).await.unwrap();
    take_the_wall_away(&shop).await;

    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let renamed = diesel::update(projects::table.filter(projects::tenant_id.eq(uuid(&shop.a))))
        .set(projects::name.eq("renamed"));
    renamed.execute(&mut tx).await.unwrap();
    let error = projects::table.load::<Seen>(&mut tx).await.unwrap_err();
    let Some(tenant_diesel::Error::ForeignRow(foreign)) = tenant_diesel::Error::find(&error) else {
        panic!("{error:?}")
    };
    is_of(foreign, &shop.a, &shop.b);
    let next = projects::table.count().get_result::<i64>(&mut tx).await.unwrap_err();
    assert!(next.to_string().contains("another tenant"), "{next}");
    let commit = tx.commit().await.unwrap_err();
    assert!(matches!(commit, tenant_diesel::Error::Closed { .. }), "{commit:?}");
    shop.settled().await;
    assert_eq!(shop.ask("SELECT count(*) FROM projects WHERE name = 'renamed'").await, "0");

    drop(db);
    recording.await.unwrap();
    is_recorded(&shop).await;
}

/// Attack (watch): the same, through SeaORM.
#[tokio::test]
async fn seaorm_hands_no_foreign_row_out_and_keeps_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let (sink, recording) = sink(&shop);
    let builder = tenant_seaorm::TenantDb::builder(&TENANCY).tripwire(EVERY).audit_sink(sink);
    let db = builder.connect(shop.url()).await.unwrap();
    take_the_wall_away(&shop).await;

    let tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let renamed =
        tx.raw("UPDATE projects SET name = 'renamed' WHERE tenant_id = $1", [uuid(&shop.a).into()]);
    renamed.execute().await.unwrap();
    let error = project::Entity::find().all(&tx).await.unwrap_err();
    let Some(tenant_seaorm::Error::ForeignRow(foreign)) = tenant_seaorm::Error::find(&error) else {
        panic!("{error:?}")
    };
    is_of(foreign, &shop.a, &shop.b);
    let next = project::Entity::find_by_id(1).one(&tx).await.unwrap_err();
    assert!(next.to_string().contains("another tenant"), "{next}");
    let commit = tx.commit().await.unwrap_err();
    assert!(matches!(commit, tenant_seaorm::Error::Closed { .. }), "{commit:?}");
    shop.settled().await;
    assert_eq!(shop.ask("SELECT count(*) FROM projects WHERE name = 'renamed'").await, "0");

    db.close().await;
    drop(db);
    recording.await.unwrap();
    is_recorded(&shop).await;
}

#[tokio::test]
async fn blocking_diesel_hands_no_foreign_row_out_and_keeps_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let (sink, recording) = sink(&shop);
    let (scope, url, b) = (shop.scope(&shop.a).await, shop.url(), shop.b.clone());
    let builder = blocking::TenantDb::builder(&TENANCY).tripwire(EVERY).audit_sink(sink);
    let db = tokio::task::spawn_blocking(move || builder.connect(url).unwrap()).await.unwrap();
    take_the_wall_away(&shop).await;
    let done = tokio::task::spawn_blocking(move || {
        use blocking::RunQueryDsl;
        let mut tx = db.begin(&scope).unwrap();
        let error = RunQueryDsl::load::<Seen>(projects::table, &mut tx).unwrap_err();
        let Some(tenant_diesel::Error::ForeignRow(foreign)) = tenant_diesel::Error::find(&error)
        else {
            panic!("{error:?}")
        };
        is_of(foreign, scope.id(), &b);
        let commit = tx.commit().unwrap_err();
        assert!(matches!(commit, tenant_diesel::Error::Closed { .. }), "{commit:?}");
        let mut tx = db.begin(&scope).unwrap();
        let ordered = projects::table.order(projects::id);
        let mut rows =
            RunQueryDsl::load_iter::<Seen, DefaultLoadingMode>(ordered, &mut tx).unwrap();
        assert_eq!(rows.next().unwrap().unwrap().1, uuid(scope.id()));
        assert!(rows.next().unwrap().is_err());
    });
    done.await.unwrap();
    recording.await.unwrap();
    assert_eq!(entries(&shop).await.len(), 2);
}

#[tokio::test]
async fn a_stream_ends_at_the_foreign_row() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    let diesel = tenant_diesel::TenantDb::builder(&TENANCY).tripwire(EVERY);
    let diesel = diesel.connect(shop.url()).await.unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&DECLARED_TO_SEAORM).tripwire(EVERY);
    let seaorm = seaorm.connect(shop.url()).await.unwrap();
    take_the_wall_away(&shop).await;

    let mut tx = diesel.begin(&scope).await.unwrap();
    let ordered = projects::table.order(projects::id);
    let mut rows = ordered.load_stream::<Seen>(&mut tx).await.unwrap();
    assert_eq!(rows.try_next().await.unwrap().unwrap().1, uuid(&shop.a));
    assert!(rows.try_next().await.is_err());
    drop(rows);
    tx.rollback().await.unwrap();

    let tx = seaorm.begin(&scope).await.unwrap();
    let ordered = project::Entity::find().order_by_asc(project::Column::Id);
    let mut rows = tx.stream(&sea_orm::QueryTrait::into_query(ordered)).await.unwrap();
    let first = rows.try_next().await.unwrap().unwrap();
    assert_eq!(first.try_get::<uuid::Uuid>("", "tenant_id").unwrap(), uuid(&shop.a));
    assert!(rows.try_next().await.is_err());
    drop(rows);
    tx.rollback().await.unwrap();
    shop.settled().await;
}

#[tokio::test]
async fn one_statement_in_three_is_looked_at() {
    let shop = Shop::open(&TENANCY).await;
    let tripwire = Tripwire::one_statement_in(NonZeroU32::new(3).unwrap());
    let db = tenant_diesel::TenantDb::builder(&TENANCY).tripwire(tripwire);
    let db = db.connect(shop.url()).await.unwrap();
    take_the_wall_away(&shop).await;
    let scope = shop.scope(&shop.a).await;
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        let mut tx = db.begin(&scope).await.unwrap();
        outcomes.push(projects::table.load::<Seen>(&mut tx).await.is_ok());
    }
    assert_eq!(outcomes, [false, true, true, false, true, true]);
}

#[tokio::test]
async fn reads_and_transactions_that_begin_with_their_first_statement_are_watched_too() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    let diesel = tenant_diesel::TenantDb::builder(&TENANCY).tripwire(EVERY).max_connections(1);
    let diesel = diesel.connect(shop.url()).await.unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&DECLARED_TO_SEAORM).tripwire(EVERY);
    let seaorm = seaorm.connect(shop.url()).await.unwrap();
    assert_eq!(diesel.read::<_, _, Seen>(&scope, projects::table).await.unwrap().len(), 1);
    assert_eq!(seaorm.read(&scope, project::Entity::find()).await.unwrap().len(), 1);

    take_the_wall_away(&shop).await;
    let error = diesel.read::<_, _, Seen>(&scope, projects::table).await.unwrap_err();
    let found = tenant_diesel::Error::find(&error);
    assert!(matches!(found, Some(tenant_diesel::Error::ForeignRow(_))), "{error:?}");
    let error = seaorm.read(&scope, project::Entity::find()).await.unwrap_err();
    let found = tenant_seaorm::Error::find(&error);
    assert!(matches!(found, Some(tenant_seaorm::Error::ForeignRow(_))), "{error:?}");
    let mut tx = diesel.begin_deferred(&scope).await.unwrap();
    projects::table.load::<Seen>(&mut tx).await.unwrap_err();
    assert!(matches!(tx.commit().await, Err(tenant_diesel::Error::Closed { .. })));
}

/// Twins: without the tripwire the foreign rows are handed out; with the wall there are none.
#[tokio::test]
async fn twin_without_the_tripwire_foreign_rows_come_and_with_the_wall_none_do() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    let diesel = tenant_diesel::TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let seaorm = tenant_seaorm::TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let watched = tenant_diesel::TenantDb::builder(&TENANCY).tripwire(EVERY);
    let watched = watched.connect(shop.url()).await.unwrap();
    let mut tx = watched.begin(&scope).await.unwrap();
    assert_eq!(projects::table.load::<Seen>(&mut tx).await.unwrap().len(), 1);
    tx.commit().await.unwrap();

    take_the_wall_away(&shop).await;
    let mut tx = diesel.begin(&scope).await.unwrap();
    assert_eq!(projects::table.load::<Seen>(&mut tx).await.unwrap().len(), 2);
    let tx = seaorm.begin(&scope).await.unwrap();
    assert_eq!(project::Entity::find().all(&tx).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_write_is_recorded_by_the_pool_itself() {
    let shop = Shop::open(&TENANCY).await;
    let (sink, recording) = sink(&shop);
    let scope = shop.scope(&shop.a).await;
    let b = uuid(&shop.b);

    let db = tenant_diesel::TenantDb::builder(&TENANCY).audit_sink(sink.clone());
    let db = db.connect(shop.url()).await.unwrap();
    let mut tx = db.begin(&scope).await.unwrap();
    let foreign = (projects::tenant_id.eq(b), projects::name.eq("theirs"));
    let insert = diesel::insert_into(projects::table).values(foreign);
    insert.execute(&mut tx).await.unwrap_err();
    drop((tx, db));

    let db = tenant_seaorm::TenantDb::builder(&TENANCY).audit_sink(sink);
    let db = db.connect(shop.url()).await.unwrap();
    let tx = db.begin(&scope).await.unwrap();
    let foreign = project::ActiveModel {
        tenant_id: sea_orm::ActiveValue::Set(b),
        name: sea_orm::ActiveValue::Set("theirs".to_owned()),
        ..Default::default()
    };
    project::Entity::insert(foreign).exec(&tx).await.unwrap_err();
    tx.rollback().await.unwrap();
    let tx = db.begin(&scope).await.unwrap();
    project::Entity::find().all(&tx).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    drop(db);
    recording.await.unwrap();

    let entries = entries(&shop).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    for entry in entries {
        assert_eq!(
            (entry.event.as_str(), entry.actor.as_str()),
            ("refused_write", "system (test)")
        );
        assert_eq!(entry.tenant, Some(shop.a.to_string()));
        assert!(entry.detail.contains("projects"), "{entry:?}");
    }
}

fn uuid(id: &TenantId) -> uuid::Uuid {
    id.as_uuid().unwrap()
}
