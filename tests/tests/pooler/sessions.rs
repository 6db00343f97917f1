//! What is not a tenant's transaction: the registry's session, the admin's pool, the checks.

use std::pin::pin;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Either, select},
};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use tenant_core::{CheckIsolation, CrossTenantScope, Pooler, SqlSession};
use tenant_diesel::{blocking, prelude::*};
use tenant_tests::{
    bouncer::{Bouncer, Settings},
    shop::Shop,
};
use tokio_postgres::NoTls;

use crate::fixture::{ADAPTERS, Look, Pool, TENANCY, bouncer, invoice, kinds, schema};

async fn sessions(url: &str, pooler: Pooler) -> Vec<Box<dyn SqlSession>> {
    let blocking = blocking::PgSession::connect_behind(url, pooler).unwrap();
    let mut sessions: Vec<Box<dyn SqlSession>> = vec![
        Box::new(tenant_diesel::PgSession::connect_behind(url, pooler).await.unwrap()),
        Box::new(blocking),
        Box::new(tenant_seaorm::PgSession::connect_behind(url, pooler).await.unwrap()),
    ];
    if pooler == Pooler::Transaction {
        let by_hand = tenant_diesel::PgSession::connect_custom_behind(url, pooler, by_hand);
        sessions.push(Box::new(by_hand.await.unwrap()));
    }
    sessions
}

/// A connection as `docs/poolers.md` makes it, without the TLS.
fn by_hand(url: &str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> {
    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(error.to_string());
    async move {
        let (client, mut connection) = tokio_postgres::connect(url, NoTls).await.map_err(bad)?;
        if let Either::Left((begun, _)) =
            select(pin!(client.batch_execute("BEGIN")), &mut connection).await
        {
            begun.map_err(bad)?;
        }
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
    .boxed()
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_the_registrys_session_gets_its_own_answers() {
    let shop = Shop::open(&TENANCY).await;
    for (settings, pooler) in kinds(2) {
        let settings = Settings { more: in_turn(settings.more), ..settings };
        let bouncer = bouncer(&shop, settings).await;
        let mut sessions = sessions(&bouncer.url(), pooler).await;
        sessions.extend(self::sessions(&bouncer.url(), pooler).await);
        for n in 0..40 {
            for (at, session) in sessions.iter().enumerate() {
                let said = format!("{n} of {at}");
                let rows = session.rows("SELECT $1::text AS said", &[&said]).await.unwrap();
                assert_eq!(rows[0]["said"], json!(said), "{pooler:?}");
                let error = session.rows("SELECT 1 / $1::int", &["0"]).await.unwrap_err();
                assert!(error.to_string().contains("zero"), "{pooler:?}: {error}");
            }
        }
        for session in sessions {
            let error = session.dedicated().await.err().unwrap().to_string();
            assert!(error.contains("PostgreSQL itself"), "{error}");
            assert!(session.listen("tenancy").await.is_err());
        }
    }
}

fn in_turn(more: &str) -> &'static str {
    if more.is_empty() {
        "server_round_robin = 1\n"
    } else {
        "max_prepared_statements = 100\nserver_round_robin = 1\n"
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_the_admins_pool_reads_and_records() {
    let shop = Shop::open(&TENANCY).await;
    let scope = CrossTenantScope::new("alice", "ticket 1").unwrap();
    for (settings, pooler) in kinds(2) {
        let login = format!("{}_admin", shop.database.name());
        let bouncer = Bouncer::with(&shop.database, &login, settings).await;
        let diesel = tenant_diesel::AdminDb::builder(&TENANCY).pooler(pooler);
        let diesel = diesel.connect(bouncer.url()).await.unwrap();
        let seaorm = tenant_seaorm::AdminDb::builder(&TENANCY).pooler(pooler);
        let seaorm = seaorm.connect(bouncer.url()).await.unwrap();
        for _ in 0..3 {
            let mut tx = diesel.begin(&scope).await.unwrap();
            let count: i64 = schema::invoices::table.count().get_result(&mut tx).await.unwrap();
            assert_eq!(count, 10);
            tx.commit().await.unwrap();
            let tx = seaorm.begin(&scope).await.unwrap();
            assert_eq!(invoice::Entity::find().count(&tx).await.unwrap(), 10);
            tx.commit().await.unwrap();
        }
        // And nobody opens it without a word.
        assert!(tenant_diesel::AdminDb::connect(bouncer.url(), &TENANCY).await.is_err());
        assert!(tenant_seaorm::AdminDb::connect(bouncer.url(), &TENANCY).await.is_err());
    }
}

#[tokio::test]
async fn a_pool_behind_a_pooler_is_not_judged_through_it() {
    let shop = Shop::open(&TENANCY).await;
    for adapter in ADAPTERS {
        let opened = Pool::open(adapter, &shop.url(), Pooler::Transaction, Look::Yes).await;
        let (lint, probe) = match opened.unwrap() {
            Pool::Diesel(db) => (db.run_lint(&db.lint()).await, db.run_probe(&db.probe()).await),
            Pool::Blocking(db) => (db.run_lint(&db.lint()).await, db.run_probe(&db.probe()).await),
            Pool::SeaOrm(db) => (db.run_lint(&db.lint()).await, db.run_probe(&db.probe()).await),
        };
        for error in [lint.unwrap_err(), probe.unwrap_err()] {
            let told = format!("{error}");
            assert!(told.contains("PostgreSQL itself"), "{adapter:?}: {told}");
        }
    }
}
