//! Jobs in a real queue, and work for every tenant of a real registry.

use std::{
    collections::HashSet,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tenant_core::{
    Isolation, JobError, JobKey, Layout, Principal, SessionError, SignedJob, SqlRegistry,
    SqlSession, Tenancy, TenantId, TenantKey, TenantList, TenantResult, TenantScope, TenantsReport,
    for_each_tenant,
};
use tenant_testkit::TestDatabase;
use tokio::sync::Notify;

async fn database(key: TenantKey, tenants: &str) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&Tenancy::new(key), &layout).unwrap()).await.unwrap();
    let insert = format!(
        "CREATE TABLE kept (outcome jsonb);
         INSERT INTO tenancy.tenants (id, slug, name, status)
         SELECT id, id::text, 'Tenant', status FROM ({tenants}) AS t (id, status)"
    );
    database.session().batch(&insert).await.unwrap();
    database
}

/// A registry through each adapter's session.
async fn registries(database: &TestDatabase, key: TenantKey) -> [SqlRegistry; 2] {
    let url = database.url(&format!("{}_registry", database.name()));
    [
        SqlRegistry::new(tenant_diesel::PgSession::connect(url.as_str()).await.unwrap()).key(key),
        SqlRegistry::new(tenant_seaorm::PgSession::connect(url.as_str()).await.unwrap()).key(key),
    ]
}

const SIX: &str = "VALUES (1, 'active'), (2, 'suspended'), (3, 'active'), (4, 'spare'),
    (5, 'active'), (-9223372036854775808, 'active')";

async fn set(database: &TestDatabase, id: i64, status: &str) -> Result<(), SessionError> {
    let sql = format!("UPDATE tenancy.tenants SET status = '{status}' WHERE id = {id}");
    database.session().batch(&sql).await
}

async fn nothing_is_kept(_: tenant_core::TenantOutcome) {}

#[tokio::test]
async fn every_active_tenant_is_listed_once_page_by_page() {
    for (key, tenants) in [
        (TenantKey::Bigint, SIX.to_owned()),
        (
            TenantKey::Uuid,
            "SELECT gen_random_uuid(), CASE n % 5 WHEN 0 THEN 'deleted' ELSE 'active' END
             FROM generate_series(1, 50) n"
                .to_owned(),
        ),
        (
            TenantKey::Text,
            "SELECT 'Ünï ''\" ' || n, 'active' FROM generate_series(1, 30) n".to_owned(),
        ),
    ] {
        let database = database(key, &tenants).await;
        let sql = "SELECT id::text AS id FROM tenancy.tenants WHERE status = 'active'";
        let rows = database.session().rows(sql, &[]).await.unwrap();
        let ids = rows.iter().map(|row| key.parse(row["id"].as_str().unwrap()).unwrap());
        let expected: HashSet<TenantId> = ids.collect();
        for registry in registries(&database, key).await {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = registry.active_after(after.as_ref(), 3).await.unwrap();
                assert!(page.len() <= 3);
                let Some(last) = page.last() else { break };
                after = Some(last.clone());
                all.extend(page);
            }
            assert_eq!(all.len(), expected.len());
            assert_eq!(all.into_iter().collect::<HashSet<_>>(), expected);
        }
    }
}

#[tokio::test]
async fn every_active_tenant_gets_its_turn_and_not_more_than_so_many_at_a_time() {
    let tenants = "SELECT n, 'active' FROM generate_series(1, 1201) n";
    let database = database(TenantKey::Bigint, tenants).await;
    for registry in registries(&database, TenantKey::Bigint).await {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // It can be spawned.
        let run = tokio::spawn({
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                let work = async |scope: TenantScope<tenant_core::Verified>| {
                    assert_eq!(scope.principal(), &Principal::System("a test".into()));
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, SeqCst);
                    Ok::<_, SessionError>(())
                };
                for_each_tenant(&registry, "a test").at_once(7).run(work, async |_| ()).await
            }
        });
        let report = run.await.unwrap();
        assert!(report.is_complete(), "{:?}", report.unlisted);
        let ids: HashSet<_> = report.outcomes.iter().map(|o| o.tenant.clone()).collect();
        assert_eq!((report.outcomes.len(), ids.len()), (1201, 1201));
        assert!((2..=7).contains(&most.load(SeqCst)), "{most:?}");
    }
}

#[tokio::test]
async fn one_that_fails_or_is_suspended_meanwhile_hinders_no_other() {
    let database = database(TenantKey::Bigint, SIX).await;
    for registry in registries(&database, TenantKey::Bigint).await {
        set(&database, 5, "active").await.unwrap();
        let work = async |scope: TenantScope<_>| {
            if *scope.id() == 1.into() {
                set(&database, 5, "suspended").await.unwrap();
                return Err("the printer is out of paper");
            }
            Ok(())
        };
        let report = for_each_tenant(&registry, "test").at_once(1).run(work, nothing_is_kept).await;
        let of = |id: i64| {
            report.outcomes.iter().find(|o| o.tenant == id.into()).map(|o| o.result.clone())
        };
        let failed = TenantResult::Failed { error: "the printer is out of paper".into() };
        assert_eq!(of(1), Some(failed));
        assert_eq!(of(3), Some(TenantResult::Done));
        assert_eq!(of(i64::MIN), Some(TenantResult::Done));
        assert!(matches!(of(5), Some(TenantResult::NotVerified { .. })), "{report:?}");
        assert_eq!((of(2), of(4)), (None, None));
    }
}

#[tokio::test]
async fn a_run_that_was_killed_goes_on_with_what_is_not_done() {
    let database = database(TenantKey::Bigint, SIX).await;
    for registry in registries(&database, TenantKey::Bigint).await {
        database.session().batch("TRUNCATE kept").await.unwrap();
        let keep = async |outcome| {
            let outcome = serde_json::to_string(&outcome).unwrap();
            let insert = "INSERT INTO kept VALUES ($1::text::jsonb) RETURNING 1";
            database.session().rows(insert, &[&outcome]).await.unwrap();
        };
        let stuck = Notify::new();
        let work = async |scope: TenantScope<_>| {
            match scope.id().as_i64() {
                Some(1) => return Err("not now"),
                Some(5) => {
                    stuck.notify_one();
                    pending::<()>().await;
                }
                _ => {}
            }
            Ok(())
        };
        tokio::select! {
            report = for_each_tenant(&registry, "test").at_once(1).run(work, keep) => {
                panic!("{report:?}")
            }
            () = stuck.notified() => {} // killed
        }
        let rows = database.session().rows("SELECT outcome::text FROM kept", &[]).await.unwrap();
        let kept: TenantsReport = rows
            .iter()
            .map(|row| serde_json::from_str(row["outcome"].as_str().unwrap()).unwrap())
            .collect();
        assert_eq!(kept.outcomes.len(), 3);
        let travelled = serde_json::to_string(&kept).unwrap();
        let kept = serde_json::from_str(&travelled).unwrap();

        let again = std::sync::Mutex::new(Vec::new());
        let work = async |scope: TenantScope<_>| {
            again.lock().unwrap().push(scope.id().as_i64().unwrap());
            Ok::<_, &str>(())
        };
        let report = for_each_tenant(&registry, "test")
            .resume(kept)
            .at_once(1)
            .run(work, nothing_is_kept)
            .await;
        assert_eq!(*again.lock().unwrap(), [1, 5]);
        assert!(report.is_complete());
        assert_eq!(report.outcomes.len(), 4);
    }
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_says_who_was_not_started() {
    let database = database(TenantKey::Bigint, SIX).await;
    let [registry, _] = registries(&database, TenantKey::Bigint).await;
    let stop = Arc::new(AtomicBool::new(false));
    let work = async |_| {
        stop.store(true, SeqCst);
        Ok::<_, &str>(())
    };
    let run = for_each_tenant(&registry, "test").at_once(1).stop_when(Arc::clone(&stop));
    let report = run.run(work, nothing_is_kept).await;
    assert_eq!(report.undone().count(), 3);
    assert!(report.undone().all(|o| o.result == TenantResult::NotStarted), "{report:?}");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_never_a_run_that_is_complete() {
    let database = database(TenantKey::Bigint, SIX).await;
    let session = tenant_diesel::PgSession::connect(database.superuser_url()).await.unwrap();
    let own = SqlRegistry::with_queries(
        session,
        "SELECT slug, name, status, plan, epoch FROM tenancy.tenants WHERE id = $1::text::bigint",
        "SELECT 1 WHERE $1 <> $2",
    )
    .key(TenantKey::Bigint);
    let work = async |_: TenantScope<_>| Ok::<_, &str>(());
    let report = for_each_tenant(&own, "test").run(work, nothing_is_kept).await;
    assert!(report.unlisted.as_deref().unwrap().contains("list_query"), "{report:?}");
    assert!(!report.is_complete());
    // One that does not go on would be a run without end.
    let circle = own.clone().list_query("SELECT '1' AS id WHERE $1 <> $2");
    let report = for_each_tenant(&circle, "test").run(work, nothing_is_kept).await;
    assert!(report.unlisted.is_some(), "{report:?}");

    let own = own.list_query(
        "SELECT id::text AS id FROM tenancy.tenants AS t
         WHERE status = 'active' AND id > $1::text::bigint ORDER BY t.id LIMIT $2::text::int",
    );
    let report = for_each_tenant(&own, "test").run(work, nothing_is_kept).await;
    assert_eq!(report.outcomes.len(), 3);
    assert!(report.is_complete());
}

/// Whoever can write to the queue's table changes the tenant, the principal, the
/// payload or the kind of a queued job.
#[tokio::test]
async fn a_job_survives_jsonb_and_one_that_was_changed_there_is_refused() {
    let database = database(TenantKey::Bigint, SIX).await;
    let [registry, _] = registries(&database, TenantKey::Bigint).await;
    let key = JobKey::from_hex("j1", &"5e".repeat(32)).unwrap();
    let claim = TenantScope::claim(1, Principal::System("nightly".into()));
    let scope = claim.verify(&registry).await.unwrap();
    let job = SignedJob::new(&key, "mail", &scope, "ü \0 \\ \" \u{7f}").unwrap();

    let there = async |change: &str| -> Result<String, JobError> {
        let sql = format!("SELECT ({change})::text AS job FROM (SELECT $1::text::jsonb AS j) AS q");
        let job = serde_json::to_string(&job).unwrap();
        let rows = database.session().rows(&sql, &[&job]).await.unwrap();
        let job: SignedJob = serde_json::from_str(rows[0]["job"].as_str().unwrap()).unwrap();
        let (claim, payload) = job.open::<String>(std::slice::from_ref(&key), "mail")?;
        claim.verify(&registry).await.unwrap();
        Ok(payload)
    };
    assert_eq!(there("j").await.unwrap(), "ü \0 \\ \" \u{7f}");
    assert!(there(r#"j || '{"note": 1}'"#).await.is_ok(), "what is beside it says nothing");
    for (from, to) in [
        (r#""bigint":1"#, r#""bigint":3"#),
        (r#"{"system":"nightly"}"#, r#""token""#),
        ("mail", "erase"),
        ("ü", "u"),
        (r#""epoch":0"#, r#""epoch":9"#),
        (r#""expires":null"#, r#""expires":9999999999"#),
    ] {
        let change = format!(
            "jsonb_set(j, '{{signed}}', to_jsonb(replace(j ->> 'signed', '{from}', '{to}')))"
        );
        let result = there(&change).await;
        assert!(matches!(result, Err(JobError::Forged)), "{from}: {result:?}");
    }
}
