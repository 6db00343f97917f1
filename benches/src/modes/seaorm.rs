use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, Statement, TransactionTrait,
};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, postgres::PgPoolOptions};
use tenant_seaorm::{TenantDb, TenantDbBuilder};

use super::{Adding, Call, SETTING, Stack::SeaOrm, Way, diesel::database};
use crate::shop::{
    Addresses,
    entity::{TENANCY, invoices, plans},
    seal, sealed_layout,
};

fn options(url: &str, size: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(size);
    options
}

async fn pool(url: &str, size: u32, pings: bool) -> DatabaseConnection {
    let mut options = options(url, size);
    options.test_before_acquire(pings);
    Database::connect(options).await.unwrap()
}

async fn own(c: &impl ConnectionTrait, call: &Call) -> Result<Vec<invoices::Model>, DbErr> {
    let rows = invoices::Entity::find().filter(invoices::Column::TenantId.eq(call.tenant));
    rows.filter(invoices::Column::Id.eq(call.id)).all(c).await
}

async fn unfiltered(c: &impl ConnectionTrait, call: &Call) -> Result<Vec<invoices::Model>, DbErr> {
    invoices::Entity::find().filter(invoices::Column::Id.eq(call.id)).all(c).await
}

async fn plain(db: DatabaseConnection, call: Call) {
    let tx = db.begin().await.unwrap();
    assert_eq!(own(&tx, &call).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn ours(db: TenantDb, call: Call) {
    let tx = db.begin(&call.scope).await.unwrap();
    assert_eq!(unfiltered(&tx, &call).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn read(db: TenantDb, call: Call) {
    let row = invoices::Entity::find().filter(invoices::Column::Id.eq(call.id));
    assert_eq!(db.read(&call.scope, row).await.unwrap().len(), 1);
}

async fn set(c: &mut PgConnection, tenant: String) {
    let sql = format!("SELECT set_config('{SETTING}', $1, false)");
    sqlx::query(AssertSqlSafe(sql)).bind(tenant).execute(c).await.unwrap();
}

/// sqlx pings a connection when it comes back, in the background.
pub(super) async fn add(to: &mut Adding, at: &Addresses, size: u32) {
    let none = pool(&at.none, size, false).await;
    to.add((SeaOrm, Way::Plain), (3, 1), &none, plain);
    let as_it_comes = pool(&at.none, size, true).await;
    to.add((SeaOrm, Way::PlainAsItComes), (4, 1), &as_it_comes, plain);
    to.add((SeaOrm, Way::PlainNested), (5, 1), &none, |db, call| async move {
        let tx = db.begin().await.unwrap();
        let nested = tx.begin().await.unwrap();
        assert_eq!(own(&nested, &call).await.unwrap().len(), 1);
        nested.commit().await.unwrap();
        tx.commit().await.unwrap();
    });
    to.add((SeaOrm, Way::PlainEmpty), (2, 1), &none, |db, _| async move {
        db.begin().await.unwrap().commit().await.unwrap();
    });
    let by_hand = pool(&at.by_hand, size, false).await;
    to.add((SeaOrm, Way::ByHand), (4, 1), &by_hand, |db, call| async move {
        let tx = db.begin().await.unwrap();
        let sql = "SELECT set_config('app.current_tenant_id', $1, true)";
        let tenant = [call.tenant.to_string().into()];
        let set = Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, tenant);
        tx.execute_raw(set).await.unwrap();
        assert_eq!(unfiltered(&tx, &call).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    });
    let sqlx = PgPoolOptions::new().max_connections(size).test_before_acquire(false);
    let sqlx = sqlx.connect(&at.by_hand).await.unwrap();
    to.add((SeaOrm, Way::AtCheckout), (3, 1), &sqlx, |pool: PgPool, call| async move {
        let mut c = pool.acquire().await.unwrap();
        set(&mut c, call.tenant.to_string()).await;
        let sql = r#"SELECT "invoices"."id", "invoices"."tenant_id", "invoices"."amount" FROM "invoices" WHERE "invoices"."id" = $1"#;
        let rows = sqlx::query(sql).bind(call.id).fetch_all(&mut *c).await.unwrap();
        assert_eq!(rows.len(), 1);
        set(&mut c, "0".to_owned()).await;
    });

    let age = std::time::Duration::from_hours(10);
    let builder = || -> TenantDbBuilder { TenantDb::builder(&TENANCY).max_scope_age(age) };
    let db = builder().connect(options(&at.ours, size)).await.unwrap();
    let sealed = builder().layout(sealed_layout(database(&at.sealed))).seal(seal());
    let sealed = sealed.connect(options(&at.sealed, size)).await.unwrap();
    to.add((SeaOrm, Way::Ours), (3, 0), &db, ours);
    to.add((SeaOrm, Way::OursSealed), (3, 0), &sealed, ours);
    to.add((SeaOrm, Way::Read), (2, 1), &db, read);
    to.add((SeaOrm, Way::ReadSealed), (2, 1), &sealed, read);
    to.add((SeaOrm, Way::OursNested), (5, 0), &db, |db, call| async move {
        let tx = db.begin(&call.scope).await.unwrap();
        let nested = tx.begin().await.unwrap();
        assert_eq!(unfiltered(&nested, &call).await.unwrap().len(), 1);
        nested.commit().await.unwrap();
        tx.commit().await.unwrap();
    });
    to.add((SeaOrm, Way::OursShared), (3, 0), &db, |db, _| async move {
        let shared = db.shared().await.unwrap();
        let plans = plans::Entity::find().filter(plans::Column::Id.eq(1));
        assert_eq!(shared.all(plans).await.unwrap().len(), 1);
        shared.commit().await.unwrap();
    });
    to.add((SeaOrm, Way::OursEmpty), (2, 0), &db, |db, call| async move {
        db.begin(&call.scope).await.unwrap().commit().await.unwrap();
    });
}
