//! Nothing is left out in silence: no policy narrows an export, no writer tears it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tenant_core::{
    AuditLog, Error, ExportError, Progress, Reporter, SqlSession, TenantId, Unnarrowed,
    verify_export,
};

use crate::fixture::Shop;

#[tokio::test]
async fn the_manifest_says_how_it_is_known_that_no_row_is_missing() {
    let shop = Shop::open().await;
    let manifest = shop.to_folder(1, "bypassing").await.unwrap();
    assert_eq!(manifest.proof, Unnarrowed::RowSecurityOff);
    shop.run(&format!("ALTER ROLE {}_admin NOBYPASSRLS", shop.database.name())).await;
    let by_policy = shop.to_folder(1, "by-policy").await.unwrap();
    assert_eq!(by_policy.proof, Unnarrowed::AdminPolicy);
    assert_eq!(by_policy.tables, manifest.tables);
    // And back, held by the same policies.
    shop.erase(1).await;
    shop.imported(shop.import("by-policy")).await.unwrap();
    assert_eq!(shop.to_folder(1, "again").await.unwrap().tables, manifest.tables);
}

/// Attack (watch): a policy that hides rows from the export.
#[tokio::test]
async fn a_policy_that_would_narrow_the_admin_makes_the_export_fail() {
    let shop = Shop::open().await;
    let admin = format!("{}_admin", shop.database.name());
    let narrow = [
        format!("CREATE POLICY few ON people AS RESTRICTIVE FOR SELECT TO {admin} USING (name <> '')"),
        "CREATE POLICY few ON people AS RESTRICTIVE USING (name <> '')".to_owned(),
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'people'::regclass \
         AND polname LIKE 'tenancy_admin%' LOOP EXECUTE format('DROP POLICY %I ON people', p); END LOOP; END $$"
            .to_owned(),
    ];
    shop.run(&format!("ALTER ROLE {admin} NOBYPASSRLS")).await;
    for (number, policy) in narrow.iter().enumerate() {
        let shown = format!("SELECT count(*) AS n FROM people WHERE tenant_id = 1 -- {number}\n");
        assert_eq!(shop.admin().rows(&shown, &[]).await.unwrap()[0]["n"], 4);
        shop.run(policy).await;
        // Twin: without the check rows would be missing.
        assert!(shop.admin().rows(&shown, &[]).await.unwrap()[0]["n"].as_i64() < Some(4));
        let refused = shop.to_folder(1, "out").await.unwrap_err();
        assert!(
            matches!(&refused, ExportError::Core(Error::Narrowed { table, .. }) if table == "public.people"),
            "{refused}"
        );
        assert!(!shop.path("out").exists() && !shop.path("out.partial").exists());
        if number < 2 {
            shop.run("DROP POLICY few ON people").await;
        }
    }
}

#[tokio::test]
async fn an_export_with_a_login_that_sees_one_tenant_is_refused() {
    let shop = Shop::open().await;
    for role in ["login", "registry", "analytics"] {
        let session = shop.database.session_as(&format!("{}_{role}", shop.database.name()));
        let out = shop.export(1).to_folder(&session, shop.path("out")).await;
        assert!(out.is_err(), "{role}");
    }
}

#[tokio::test]
async fn rows_written_meanwhile_do_not_tear_it() {
    let shop = Shop::open().await;
    let name = shop.database.name().to_owned();
    let writer = shop.database.session().clone();
    let wrote = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&wrote);
    // Parents come first: when the lines are read, the people have been.
    let meddle = Reporter::new(move |progress: &Progress| {
        if progress.table.contains("people") && !flag.swap(true, Ordering::SeqCst) {
            let sql = format!(
                "BEGIN; SET LOCAL ROLE {name}_tenant; SET LOCAL app.current_tenant_id = '1';
                 INSERT INTO people (name) VALUES ('new'); INSERT INTO keyless VALUES ('new');
                 DELETE FROM \"Order Lines\"; DELETE FROM orders; COMMIT"
            );
            writer.batch_blocking(&sql).unwrap();
        }
    });
    let whole = shop.to_folder(1, "before").await.unwrap();
    let export = shop.export(1).report(meddle);
    let torn = export.to_folder(&shop.admin(), shop.path("meanwhile")).await.unwrap();
    assert!(wrote.load(Ordering::SeqCst));
    assert_eq!(torn.tables, whole.tables);
    // Twin: what was written is there.
    let after = shop.to_folder(1, "after").await.unwrap();
    assert_eq!(after.rows(), whole.rows() + 2 - 18);
}

#[tokio::test]
async fn an_export_whose_backend_is_killed_is_none() {
    let shop = Shop::open().await;
    let admin = format!("{}_admin", shop.database.name());
    let killer = shop.database.session().clone();
    let kill = Reporter::new(move |progress: &Progress| {
        if progress.table.contains("events") {
            let sql = format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{admin}'"
            );
            killer.batch_blocking(&sql).unwrap();
        }
    });
    let export = shop.export(1).report(kill);
    let folder = export.to_folder(&shop.admin(), shop.path("out")).await;
    assert!(matches!(folder, Err(ExportError::Session { .. })), "{folder:?}");
    assert!(!shop.path("out").exists() && !shop.path("out.partial").exists());
    let mut tar = Vec::new();
    export.to_tar(&shop.admin(), &mut tar).await.unwrap_err();
    std::fs::write(shop.path("out.tar"), &tar).unwrap();
    assert!(verify_export(shop.path("out.tar")).is_err());
}

#[tokio::test]
async fn both_are_recorded_before_a_row_is_read_and_with_what_was_done() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let before: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let (seen, session) = (Arc::clone(&before), shop.database.session().clone());
    let look = Reporter::new(move |_: &Progress| {
        let rows = session.rows_blocking("SELECT detail FROM tenancy.audit", &[]).unwrap();
        let text = rows[0]["detail"].as_str().unwrap().to_owned();
        seen.lock().unwrap().push(text);
    });
    let out = shop.export(1).report(look).to_folder(&admin, shop.path("out")).await.unwrap();
    assert_eq!(before.lock().unwrap()[0], r#"{"state":"started"}"#);
    shop.imported(shop.import("out").into_tenant(3)).await.unwrap_err();
    shop.erase(1).await;
    shop.imported(shop.import("out")).await.unwrap();
    let entries = AuditLog::new(&admin).entries(0, 10).await.unwrap();
    let events: Vec<&str> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["exported", "exported", "imported"]);
    for entry in &entries {
        assert_eq!(entry.tenant, Some(TenantId::from(1).to_string()));
        assert_eq!((entry.actor.as_str(), entry.reason.as_deref()), ("alice", Some("a test")));
    }
    let file = std::fs::read(shop.path("out").join("manifest.json")).unwrap();
    for entry in &entries[1..] {
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        assert_eq!(detail["rows"], out.rows());
        assert_eq!(detail["manifest_sha256"], crate::hostile::sha256(&file));
    }
}

#[tokio::test]
async fn without_an_actor_and_a_reason_nothing_goes_out_or_in() {
    let shop = Shop::open().await;
    for (actor, reason) in [("", "x"), ("x", " ")] {
        let export = tenant_core::Export::new(shop.tenancy(), 1, actor, reason);
        let refused = export.to_folder(&shop.admin(), shop.path("out")).await;
        assert!(matches!(refused, Err(ExportError::NoReason)));
        let refused = shop.import("out").run(&shop.admin(), actor, reason).await;
        assert!(matches!(refused, Err(tenant_core::ImportError::NoReason)));
    }
    let unknown = shop.to_folder(9, "out").await;
    assert!(matches!(unknown, Err(ExportError::UnknownTenant(_))), "{unknown:?}");
}
