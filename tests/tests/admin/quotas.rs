//! Quotas through both adapters, and what the audit log hears of a refusal.

use sea_orm::{ActiveValue::Set, EntityTrait};
use tenant_core::{
    AuditLog, Isolation, Layout, Per, Quota, QuotaFor, QuotaUsage, Quotas, TableName,
};
use tenant_diesel::{blocking, prelude::*};
use tenant_tests::shop::Shop;

use crate::fixture::{TENANCY, invoice, schema::invoices};

fn rows() -> Quota {
    Quota::rows(&TableName::new("invoices").unwrap())
}

/// Each tenant has five invoices and may have six, and two exports a day.
async fn limited() -> Shop {
    let shop = Shop::open(&TENANCY).await;
    let layout = Layout::new(shop.database.name()).unwrap();
    let isolation = Isolation::new(&TENANCY, &layout).unwrap();
    let counting = isolation.row_quota(TableName::new("invoices").unwrap()).unwrap();
    shop.database.install(&counting).await.unwrap();
    let admin = shop.database.session_as(&format!("{}_admin", shop.database.name()));
    let quotas = Quotas::new(&admin);
    quotas.set(&rows(), &QuotaFor::Everybody, 6, Per::Ever).await.unwrap();
    quotas.set(&Quota::counter("exports"), &QuotaFor::Everybody, 2, Per::Day).await.unwrap();
    shop
}

fn is_full(usage: &QuotaUsage) {
    assert_eq!((usage.used, usage.max, usage.left()), (6, Some(6), Some(0)));
    assert!(!usage.has_room_for(1) && usage.resets.is_none());
}

fn new_invoice() -> invoice::ActiveModel {
    invoice::ActiveModel {
        project_id: Set(1),
        plan_id: Set(1),
        amount: Set(9),
        ..Default::default()
    }
}

#[tokio::test]
async fn seaorm_asks_uses_and_is_refused() {
    let shop = limited().await;
    let db = tenant_seaorm::TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let scope = shop.scope(&shop.a).await;

    let tx = db.begin(&scope).await.unwrap();
    assert!(tx.quota(&rows()).await.unwrap().has_room_for(1));
    invoice::Entity::insert(new_invoice()).exec(&tx).await.unwrap();
    is_full(&tx.quota(&rows()).await.unwrap());
    let refused = invoice::Entity::insert(new_invoice()).exec(&tx).await.unwrap_err();
    let refused = tenant_seaorm::Error::classify(Some(&shop.a), refused);
    assert!(matches!(refused, tenant_seaorm::Error::QuotaExceeded { .. }), "{refused:?}");
    drop(tx);

    let tx = db.begin(&scope).await.unwrap();
    let exports = Quota::counter("exports");
    tx.use_quota(&exports, 2).await.unwrap();
    let usage = tx.quota(&exports).await.unwrap();
    assert_eq!((usage.left(), usage.resets.is_some()), (Some(0), true));
    tx.rollback().await.unwrap();

    let tx = db.begin(&scope).await.unwrap();
    let refused = tx.use_quota(&exports, 3).await.unwrap_err();
    assert!(matches!(refused, tenant_seaorm::Error::QuotaExceeded { .. }), "{refused:?}");
    let unlimited = db.begin(&scope).await.unwrap().quota(&Quota::counter("mails")).await.unwrap();
    assert!(unlimited.has_room_for(i64::MAX) && unlimited.max.is_none());
    recorded(&shop, refused.audit_record("alice")).await;
}

#[tokio::test]
async fn diesel_asks_uses_and_is_refused() {
    let shop = limited().await;
    let db = tenant_diesel::TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    let insert = || {
        diesel::insert_into(invoices::table).values((
            invoices::project_id.eq(1_i64),
            invoices::plan_id.eq(1),
            invoices::amount.eq(9),
        ))
    };

    let mut tx = db.begin(&scope).await.unwrap();
    assert!(tx.quota(&rows()).await.unwrap().has_room_for(1));
    insert().execute(&mut tx).await.unwrap();
    is_full(&tx.quota(&rows()).await.unwrap());
    let refused = insert().execute(&mut tx).await.unwrap_err();
    let refused = tenant_diesel::Error::classify(Some(&shop.a), refused);
    assert!(matches!(refused, tenant_diesel::Error::QuotaExceeded { .. }), "{refused:?}");
    drop(tx);

    let mut tx = db.begin(&scope).await.unwrap();
    let exports = Quota::counter("exports");
    tx.use_quota(&exports, 2).await.unwrap();
    let usage = tx.quota(&exports).await.unwrap();
    assert_eq!((usage.left(), usage.resets.is_some()), (Some(0), true));
    tx.rollback().await.unwrap();

    let mut tx = db.begin(&scope).await.unwrap();
    let refused = tx.use_quota(&exports, 3).await.unwrap_err();
    assert!(matches!(refused, tenant_diesel::Error::QuotaExceeded { .. }), "{refused:?}");
    let mut tx = db.begin(&scope).await.unwrap();
    let unlimited = tx.quota(&Quota::counter("mails")).await.unwrap();
    assert!(unlimited.has_room_for(i64::MAX) && unlimited.max.is_none());
    recorded(&shop, refused.audit_record("alice")).await;
}

#[tokio::test]
async fn blocking_diesel_asks_uses_and_is_refused() {
    let shop = limited().await;
    let scope = shop.scope(&shop.a).await;
    let url = shop.url();
    let done = tokio::task::spawn_blocking(move || {
        let db = blocking::TenantDb::connect(url, &TENANCY).unwrap();
        let mut tx = db.begin(&scope).unwrap();
        assert_eq!(tx.quota(&rows()).unwrap().left(), Some(1));
        tx.use_quota(&Quota::counter("exports"), 2).unwrap();
        let refused = tx.use_quota(&Quota::counter("exports"), 1).unwrap_err();
        assert!(matches!(refused, tenant_diesel::Error::QuotaExceeded { .. }), "{refused:?}");
    });
    done.await.unwrap();
}

/// By the registry's login, since the transaction that was refused is gone.
async fn recorded(shop: &Shop, record: Option<tenant_core::AuditRecord>) {
    let name = shop.database.name();
    let registry = shop.database.session_as(&format!("{name}_registry"));
    AuditLog::new(&registry).record(&record.unwrap()).await.unwrap();
    let admin = shop.database.session_as(&format!("{name}_admin"));
    let entries = AuditLog::new(&admin).entries(0, 10).await.unwrap();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.event.as_str(), entry.actor.as_str()), ("quota_hit", "alice"));
    assert_eq!(entry.tenant, Some(shop.a.to_string()));
    assert_eq!(entry.login, format!("{name}_registry"));
    assert!(entry.reason.as_ref().unwrap().contains("exports"), "{entry:?}");
}

#[tokio::test]
async fn a_refused_write_is_worth_a_record_and_a_misspelt_column_is_not() {
    let shop = Shop::open(&TENANCY).await;
    let db = tenant_diesel::TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let foreign = tenant_diesel::sql_query("UPDATE projects SET tenant_id = $1::text::uuid")
        .bind::<diesel::sql_types::Text, _>(shop.b.to_string());
    let refused = foreign.execute(&mut tx).await.unwrap_err();
    let refused = tenant_diesel::Error::classify(Some(&shop.a), refused);
    let record = refused.audit_record("alice").unwrap();
    let expected = tenant_core::AuditRecord::new(tenant_core::AuditEvent::RefusedWrite, "alice")
        .tenant(&shop.a)
        .reason(refused.to_string())
        .table("projects");
    assert_eq!(record, expected);
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let wrong = tenant_diesel::sql_query("SELECT nothing FROM projects");
    let error = wrong.execute(&mut tx).await.unwrap_err();
    assert!(tenant_diesel::Error::classify(None, error).audit_record("alice").is_none());
}
