//! Pools of one connection: what one tenant leaves on it, the next one would find.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, DatabaseConnection, DbErr, EntityTrait as _,
    SqlxPostgresConnector,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tenant_seaorm::{Error, TenantDb};
use tenant_testkit::Proxy;
use tokio::time::timeout;

use super::{
    B, World,
    entity::{customer, invoice},
    scope, tenant_of,
};

/// A world behind a proxy, and a pool of one connection through it.
pub async fn behind_proxy() -> (World, Proxy, TenantDb) {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let url = proxy.url(world.layout.roles().login());
    let db = World::one().connect(url).await.unwrap();
    (world, proxy, db)
}

pub async fn count(world: &World, name: &str) -> i64 {
    world.number(&format!("SELECT count(*) FROM customer WHERE name = '{name}'")).await
}

/// Whoever gets the connection next is in a transaction of its own, for its own tenant.
pub async fn next_is_clean(world: &World, db: &TenantDb) {
    let tx = db.begin(&scope(B).await).await.unwrap();
    assert_eq!(tenant_of(&tx).await, B.to_string());
    let rows = invoice::Entity::find().all(&tx).await.unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.tenant_id == B));
    let name = uuid::Uuid::new_v4().to_string();
    named(&name).insert(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(world, &name).await, 1, "what it commits is there");
    world.settled().await;
}

pub fn named(name: &str) -> customer::ActiveModel {
    customer::ActiveModel { name: Set(name.to_owned()), ..Default::default() }
}

/// The pool that SeaORM would have, as a superuser: where the grants do not hide what goes wrong.
pub async fn plain(world: &World, proxy: &Proxy) -> (DatabaseConnection, PgPool) {
    let url = world.db.superuser_url();
    let superuser = url.trim_start_matches("postgresql://").split([':', '@']).next().unwrap();
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool = pool.connect(&proxy.url(superuser)).await.unwrap();
    (SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()), pool)
}

/// Starts a call, keeps the server's answer back, and drops the call.
pub async fn drop_in_flight<T>(proxy: &Proxy, call: impl Future<Output = T>) {
    proxy.reset();
    proxy.stall();
    let mut call = std::pin::pin!(call);
    tokio::select! {
        biased;
        _ = &mut call => panic!("it ended before it could be dropped"),
        () = proxy.reached(1) => {}
    }
    // It was sent; give the server the time to do it.
    let _ = timeout(Duration::from_millis(50), &mut call).await;
    proxy.resume();
}

pub fn is_closed<T: std::fmt::Debug>(result: Result<T, DbErr>) {
    let error = result.unwrap_err();
    assert!(matches!(Error::find(&error), Some(Error::Closed { .. })), "{error}");
}
