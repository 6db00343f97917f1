//! A tenant that lives in another database than the registry's.

use tenant_core::{Error, ExportError, SqlSession, verify_export};

use crate::fixture::Shop;

/// The registry, which says that the tenant 1 lives in `eu-1`, and that database, which has no registry.
async fn apart() -> (Shop, Shop) {
    let (registry, there) = (Shop::open().await, Shop::open().await);
    registry.erase(1).await;
    registry.run("INSERT INTO tenancy.databases (name) VALUES ('eu-1'), ('eu-2')").await;
    let moved = "UPDATE tenancy.tenants SET placement = 'database', database = 'eu-1' WHERE id = 1";
    registry.run(moved).await;
    (registry, there)
}

fn is_elsewhere(error: &ExportError) -> bool {
    matches!(error, ExportError::Core(Error::Elsewhere { .. }))
}

#[tokio::test]
async fn a_tenant_is_exported_from_where_it_lives() {
    let (registry, there) = apart().await;
    let wanted = there.to_folder(1, "wanted").await.unwrap();
    there.run("DELETE FROM tenancy.tenants").await;
    // As the twin shows, the registry's own session has none of its rows, and says so.
    let refused = registry.to_folder(1, "refused").await.unwrap_err();
    assert!(is_elsewhere(&refused) && !registry.path("refused").exists(), "{refused}");

    let (rows, log) = (there.admin(), registry.admin());
    let export = registry.export(1);
    let path = registry.path("out");
    let made = export.to_folder_from("eu-1", &rows, &log, &path).await.unwrap();
    assert_eq!((&made.tables, &made.slug), (&wanted.tables, &"one".to_owned()));
    assert_eq!(made.database, there.database.name());
    verify_export(&path).unwrap();
    let mut tar = Vec::new();
    let tarred = export.to_tar_from("eu-1", &rows, &log, &mut tar).await.unwrap();
    assert_eq!(tarred.rows(), wanted.rows());
    let logged = "SELECT count(*) FROM tenancy.audit WHERE event = 'exported' AND tenant = '1'";
    assert_eq!((registry.one(logged).await, there.one(logged).await), ("5".into(), "2".into()));
}

/// Attack: rows of another database would be taken for all that there are.
#[tokio::test]
async fn a_tenant_that_lives_in_a_third_database_is_refused() {
    let (registry, there) = apart().await;
    let (rows, log) = (there.admin(), registry.admin());
    for (tenant, database) in [(1, "eu-2"), (2, "eu-1")] {
        let out = registry.path("out");
        let refused = registry.export(tenant).to_folder_from(database, &rows, &log, &out).await;
        let refused = refused.unwrap_err();
        assert!(is_elsewhere(&refused), "{tenant} {database}: {refused}");
        assert!(!out.exists());
    }
}

/// Attack: it leaves between the look at the registry and the snapshot.
#[tokio::test]
async fn a_tenant_that_leaves_meanwhile_is_refused() {
    let (registry, there) = apart().await;
    let (rows, log) = (there.admin(), registry.admin());
    let holder = there.database.session().dedicated().await.unwrap();
    holder.batch("BEGIN; LOCK TABLE people").await.unwrap();
    let (export, path) = (registry.export(1), registry.path("out"));
    let export = export.to_folder_from("eu-1", &rows, &log, &path);
    let leave = async {
        let waits = "SELECT 1 AS x FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock'";
        while there.database.session().rows(waits, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let home =
            "UPDATE tenancy.tenants SET placement = 'shared', database = 'main' WHERE id = 1";
        registry.run(home).await;
        holder.batch("COMMIT").await.unwrap();
    };
    let (refused, ()) = tokio::join!(export, leave);
    let refused = refused.unwrap_err();
    assert!(is_elsewhere(&refused), "{refused}");
}
