//! Against a Citus cluster: a superuser's URL of its coordinator in `TENANT_CITUS_URL`, of a database
//! that has the extension and nothing in it that these tests could spoil. Without it they say that
//! they were skipped. On the nodes the roles must be let in without a password.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod shop;

use std::io::Write as _;

use cluster::Cluster;
use diesel::{debug_query, pg::Pg};
use sea_orm::{EntityTrait as _, PaginatorTrait as _, TransactionTrait as _};
use shop::{item, schema::items};
use tenant_diesel::{Lint, SqlSession, prelude::*};

/// The cluster, or a line that says why there is none. Past libtest's capture, so that it is read.
async fn cluster() -> Option<Cluster> {
    let Ok(url) = std::env::var("TENANT_CITUS_URL") else {
        let said = "tests/citus: skipped, no cluster: name a coordinator in TENANT_CITUS_URL";
        std::io::stderr().write_all(format!("{said}\n").as_bytes()).unwrap();
        return None;
    };
    Some(Cluster::open(&url).await)
}

/// One test, since a database has one installation.
#[tokio::test]
async fn a_cluster_keeps_tenants_apart() {
    let Some(cluster) = cluster().await else { return };
    assert!(cluster.isolation.diff(&cluster.session).await.unwrap().is_empty());
    let lint = Lint::new(&shop::TENANCY).layout(&cluster.layout);
    let report = lint.run(&cluster.session).await.unwrap();
    assert!(report.is_clean(), "{report}");
    diesel_sees_one_tenant(&cluster).await;
    seaorm_sees_one_tenant(&cluster).await;
    nobody_commands_the_workers(&cluster).await;
    cluster.close().await;
}

async fn diesel_sees_one_tenant(cluster: &Cluster) {
    let db = cluster.diesel().await;
    for (tenant, rows) in [(1, 2), (2, 1), (3, 0)] {
        let mut tx = db.begin(&cluster.scope(tenant).await).await.unwrap();
        for _ in 0..2 {
            let all: i64 = items::table.count().get_result(&mut tx).await.unwrap();
            let narrowed = items::table.for_tenant(&tx).count().get_result(&mut tx).await;
            assert_eq!((all, narrowed.unwrap()), (rows, rows), "tenant {tenant}");
            // The workers are told again behind a savepoint that they never knew.
            let nested = tx
                .transaction(async |tx| -> QueryResult<i64> {
                    items::table.count().get_result(tx).await
                })
                .await;
            assert_eq!(nested.unwrap(), rows);
        }
        // The default says whose it is, and Citus where it lies.
        diesel::insert_into(items::table)
            .values((items::id.eq(100), items::name.eq("new")))
            .execute(&mut tx)
            .await
            .unwrap();
        let query = items::table.select(items::id);
        let tasks = async |sql: String| cluster.tasks(tenant, &sql).await;
        assert_eq!(tasks(debug_query::<Pg, _>(&query.for_tenant(&tx)).to_string()).await, 1);
        assert!(
            tasks(debug_query::<Pg, _>(&query).to_string()).await > 1,
            "the twin: to all shards"
        );
        tx.rollback().await.unwrap();
    }
}

async fn seaorm_sees_one_tenant(cluster: &Cluster) {
    let db = cluster.seaorm().await;
    for (tenant, rows) in [(1, 2), (2, 1), (3, 0)] {
        let tx = db.begin(&cluster.scope(tenant).await).await.unwrap();
        let query = item::Entity::find;
        assert_eq!(query().count(&tx).await.unwrap(), rows, "tenant {tenant}");
        assert_eq!(
            tenant_seaorm::ForTenant::for_tenant(query(), &tx).count(&tx).await.unwrap(),
            rows
        );
        let nested = tx.begin().await.unwrap();
        assert_eq!(query().count(&nested).await.unwrap(), rows);
        nested.commit().await.unwrap();
        assert_eq!(query().count(&tx).await.unwrap(), rows);
        tx.commit().await.unwrap();
    }
}

/// A tenant's role that sends a command past its transaction is refused; a superuser is not.
async fn nobody_commands_the_workers(cluster: &Cluster) {
    let command = "SELECT count(*) AS n FROM run_command_on_workers('SELECT 1')";
    let becoming = format!("SET ROLE {}; {command}", cluster.role("tenant"));
    let own = cluster.session.dedicated().await.unwrap();
    assert!(own.batch(&becoming).await.is_err());
    assert!(cluster.session.rows(command, &[]).await.is_ok(), "the twin");
}
