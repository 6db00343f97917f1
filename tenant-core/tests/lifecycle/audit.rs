use tenant_core::{AuditEvent, AuditHead, AuditLog, AuditRecord, Error, SqlSession, TenantId};

use crate::fixture::{Shop, as_role};

fn event(at: usize) -> AuditRecord {
    AuditRecord::new(AuditEvent::Other("happened".into()), format!("actor {at}"))
}

async fn three(shop: &Shop) -> AuditHead {
    let admin = shop.admin();
    let log = AuditLog::new(&admin);
    log.record(&event(1)).await.unwrap();
    let full = AuditRecord::new(AuditEvent::Exported, r"o'neil \ 日本 $body$")
        .tenant(&TenantId::from(7))
        .reason("'; DROP TABLE tenancy.audit; --")
        .detail(serde_json::json!({ "rows": 12, "tables": ["a\\b", "c'd"] }));
    log.record(&full).await.unwrap();
    log.record(&event(3)).await.unwrap()
}

#[tokio::test]
async fn what_was_recorded_is_read_back_and_verified() {
    let shop = Shop::open().await;
    let head = three(&shop).await;
    let admin = shop.admin();
    let log = AuditLog::new(&admin);
    assert_eq!(log.verify(None).await.unwrap(), head);
    assert_eq!(log.verify(Some(&head)).await.unwrap(), head);
    let entries = log.entries(0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.id).collect::<Vec<_>>(), [1, 2, 3]);
    let [first, second, _] = &entries[..] else { unreachable!() };
    assert_eq!((first.tenant.as_ref(), first.reason.as_ref()), (None, None));
    assert_eq!((second.event.as_str(), second.tenant.as_deref()), ("exported", Some("7")));
    assert_eq!(second.actor, r"o'neil \ 日本 $body$");
    assert_eq!(second.login, format!("{}_admin", shop.database.name()));
    assert_eq!(log.entries(2, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lint_and_a_probe_are_recorded_with_what_they_found() {
    let shop = Shop::open().await;
    let tenancy = crate::fixture::tenancy(tenant_core::TenantKey::Bigint);
    shop.database.session().batch("ALTER TABLE orders DISABLE ROW LEVEL SECURITY").await.unwrap();
    let lint = tenant_core::lint(shop.database.session(), &tenancy).await.unwrap();
    let login = shop.database.session_as(&shop.role("login"));
    let probe = tenant_core::probe(&login, &tenancy).await.unwrap();
    let admin = shop.admin();
    let log = AuditLog::new(&admin);
    for report in [&lint, &probe] {
        log.record(&report.audit_record("nightly check")).await.unwrap();
    }
    let entries = log.entries(0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.event.as_str()).collect::<Vec<_>>(), ["linted", "probed"]);
    assert!(entries[0].detail.contains("\"TEN004\""), "{}", entries[0].detail);
    assert!(entries[1].detail.contains("\"codes\":[\"ATK"), "{}", entries[1].detail);
}

#[tokio::test]
async fn records_of_many_writers_at_once_are_one_chain_without_a_gap() {
    let shop = Shop::open().await;
    let sessions: Vec<_> = (0..8).map(|_| shop.admin()).collect();
    let write = sessions.iter().map(|session| async move {
        for at in 0..5 {
            AuditLog::new(session).record(&event(at)).await.unwrap();
        }
    });
    futures_util::future::join_all(write).await;
    assert_eq!(AuditLog::new(&shop.admin()).verify(None).await.unwrap().id, 40);
}

/// Attack (watch): changing, taking out, cutting off or adding records of the audit log.
#[tokio::test]
async fn a_log_that_somebody_rewrote_is_not_as_it_was() {
    let rewrites = [
        ("UPDATE tenancy.audit SET actor = 'somebody else' WHERE id = 2", 2),
        ("UPDATE tenancy.audit SET tenant = NULL WHERE id = 2", 2),
        ("UPDATE tenancy.audit SET tenant = '', reason = '7' || reason WHERE id = 2", 2),
        ("UPDATE tenancy.audit SET at = at + interval '1 microsecond' WHERE id = 1", 1),
        ("UPDATE tenancy.audit SET hash = sha256(hash) WHERE id = 3", 3),
        ("DELETE FROM tenancy.audit WHERE id = 2", 2),
        ("DELETE FROM tenancy.audit WHERE id = 1", 1),
        (
            "INSERT INTO tenancy.audit SELECT 4, at, event, tenant, actor, reason, detail, login, hash \
             FROM tenancy.audit WHERE id = 3",
            4,
        ),
    ];
    for (rewrite, first) in rewrites {
        let shop = Shop::open().await;
        three(&shop).await;
        let free = "ALTER TABLE tenancy.audit DISABLE TRIGGER append_only";
        shop.database.session().batch(&format!("{free}; {rewrite}")).await.unwrap();
        let told = AuditLog::new(&shop.admin()).verify(None).await;
        assert!(matches!(told, Err(Error::Audit { id, .. }) if id == first), "{rewrite}: {told:?}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_sound_in_itself_and_a_kept_head_tells() {
    let shop = Shop::open().await;
    let head = three(&shop).await;
    let cut = "ALTER TABLE tenancy.audit DISABLE TRIGGER append_only;
               DELETE FROM tenancy.audit WHERE id = 3";
    shop.database.session().batch(cut).await.unwrap();
    let admin = shop.admin();
    let log = AuditLog::new(&admin);
    assert_eq!(log.verify(None).await.unwrap().id, 2);
    assert!(matches!(log.verify(Some(&head)).await, Err(Error::Audit { id: 3, .. })));
    log.record(&event(4)).await.unwrap();
    assert!(matches!(log.verify(Some(&head)).await, Err(Error::Audit { id: 3, .. })));
}

/// Attack (watch): rewriting the audit log with any login that the application holds.
#[tokio::test]
async fn no_login_that_the_application_holds_changes_the_log() {
    let shop = Shop::open().await;
    three(&shop).await;
    let writes = [
        "UPDATE tenancy.audit SET actor = 'x'",
        "DELETE FROM tenancy.audit",
        "TRUNCATE tenancy.audit",
        "INSERT INTO tenancy.audit SELECT 9, at, event, tenant, actor, reason, detail, login, hash \
         FROM tenancy.audit WHERE id = 1",
        "ALTER TABLE tenancy.audit DISABLE TRIGGER append_only",
        "DROP TABLE tenancy.audit",
    ];
    for role in ["login", "tenant", "shared", "registry", "admin", "analytics", "staff"] {
        for write in writes {
            assert!(as_role(&shop, role, write).await.is_err(), "{role}: {write}");
        }
        let records = "SELECT FROM tenancy.record('x', NULL, 'x', NULL, '{}')";
        let may = as_role(&shop, role, records).await;
        assert_eq!(may.is_ok(), ["registry", "admin"].contains(&role), "{role}: {may:?}");
    }
    // The owner is held by the trigger, until it takes that away.
    let held = as_role(&shop, "owner", "DELETE FROM tenancy.audit").await.unwrap_err();
    assert!(held.to_string().contains("only grows"), "{held}");
    let admin = shop.admin();
    assert_eq!(AuditLog::new(&admin).verify(None).await.unwrap().id, 5);
}

/// Attack (watch): writing the audit log from a tenant's SQL, where one role does everything.
#[tokio::test]
async fn the_one_role_for_everything_adds_no_records() {
    let database = tenant_testkit::TestDatabase::create().await.unwrap();
    let app = format!("{}_app", database.name());
    let session = database.session();
    session.batch(&format!("CREATE ROLE {app} LOGIN; CREATE TABLE notes (v int)")).await.unwrap();
    let tenancy = tenant_core::Tenancy::new(tenant_core::TenantKey::Bigint)
        .tenant_table(tenant_core::TableName::new("notes"), None);
    let layout = tenant_core::Layout::single_role(&app).unwrap();
    database.install(&tenant_core::Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let record = "SELECT tenancy.record('erased', '8', 'alice', NULL, '{}')";
    let refused = database.session_as(&app).rows(record, &[]).await.unwrap_err();
    assert_eq!(refused.sqlstate.as_deref(), Some("42501"), "{refused}");
    // Whoever installed it may.
    AuditLog::new(session).record(&event(1)).await.unwrap();
}
