//! What the documents quote of many schemas and databases, compiled and never run.

#![allow(dead_code, unused_variables, clippy::all, clippy::pedantic)] // they are fragments

use std::pin::pin;

use diesel::{ConnectionError, ConnectionResult, migration::MigrationSource, pg::Pg};
use diesel_async::AsyncPgConnection;
use futures_util::{FutureExt as _, future::{BoxFuture, Either, select}};
use sea_orm_migration::MigratorTrait;
use tenant_diesel::*;

use crate::fragments::{Done, TENANCY};

/// `docs/migrations.md`
fn of_seaorm<Migrator: MigratorTrait + 'static>(databases: StaticDatabases) {
    let migrator = tenant_seaorm::TargetMigrator::<Migrator>::new(databases);
}

/// `docs/migrations.md`
async fn migrations(
    embedded: impl MigrationSource<Pg> + Send + Sync + 'static, databases: StaticDatabases, log: PgSession,
    targets: Vec<MigrationTarget>,
) -> Done {
    let migrator = tenant_diesel::TargetMigrator::new(embedded, databases);

    let migrations = TenantMigrations::new(log, migrator, "deploy 4711").at_once(8).stop_at(3);
    let would = migrations.pending(targets.clone()).await?;             // a dry run
    let report = migrations.run(targets).await?;
    for outcome in report.failed() {
        eprintln!("{}: {:?}", outcome.target, outcome.result);
    }
    Ok(())
}

/// `docs/migrations.md`
async fn the_log(session: PgSession, target: MigrationTarget) -> Done {
    let log = MigrationLog::new(session);
    let targets = log.status().await?;           // of each: done, last, and what is open
    let records = log.records(&target).await?;   // each migration of a target
    log.forget(&target).await?;                  // it was dropped
    Ok(())
}

/// `docs/placement.md`
async fn many_databases(secrets: StaticDatabases, main_url: &str, scope: TenantScope<Verified>) -> Done {
    let databases = Databases::new(secrets).max_pools(50).max_connections(40); // `secrets`: a DatabaseProvider
    let db = TenantDb::builder(&TENANCY).max_connections(8).databases(databases).connect(main_url).await?;
    let tx = db.begin(&scope).await?; // wherever the tenant lives
    Ok(())
}

/// `docs/placement.md`
async fn templates(session: PgSession, server: PgSession, session_in_initech: PgSession, isolation: Isolation) -> Done {
    // once: what is in the schema `template`, from the catalogue
    let template = SchemaTemplate::read(&session, &isolation, "template").await?;
    template.create(&session, "acme").await?;          // one message, all or nothing
    template.add_spares(&session, 20).await?;          // beforehand …
    template.take_spare(&session, "globex").await?;    // … so that this is a rename

    DatabaseTemplate::new("shop_template")?.create(&server, "initech").await?;
    isolation.apply(&session_in_initech).await?;       // who may connect is not copied
    Ok(())
}

/// `docs/placement.md`
async fn a_move(admin: PgSession, tenant: TenantId, layout: Layout) -> Done {
    // the schema is there, with its tables and their walls (`apply_schema`)
    let to = Placement::schema(Placement::MAIN, "acme")?;
    let a_move = Move::new(&TENANCY, tenant, to).layout(&layout);
    let moved = a_move.run(MoveSessions::one(&admin), "alice@ops", "request 4711").await?;
    Ok(())
}

fn tls() -> tokio_postgres::NoTls {
    tokio_postgres::NoTls
}

/// `docs/managed.md`
async fn encrypted(login_url: &str, registry_url: &str) -> Done {
    // `tls()`: such as a `MakeRustlsConnect` of the crate `tokio-postgres-rustls`
    fn over_tls(url: &str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> {
        async move {
            let connected = tokio_postgres::connect(url, tls()).await;
            let (client, connection) = connected.map_err(|e| ConnectionError::BadConnection(e.to_string()))?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        }
        .boxed()
    }

    let db = TenantDb::builder(&TENANCY).custom_setup(over_tls).connect(login_url).await?;
    let registry = SqlRegistry::new(PgSession::connect_custom(registry_url, over_tls).await?);
    Ok(())
}

/// `docs/poolers.md`
async fn behind_a_pooler(url: &str, tls: tokio_postgres::NoTls) -> Result<AsyncPgConnection, Box<dyn std::error::Error>> {
    let (client, mut connection) = tokio_postgres::connect(url, tls).await?;
    if let Either::Left((begun, _)) = select(pin!(client.batch_execute("BEGIN")), &mut connection).await {
        begun?;
    }
    let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    Ok(connection) // the pool commits
}
