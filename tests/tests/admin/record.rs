use tenant_core::{AuditLog, SqlSession};
use tenant_tests::{cancel::cancelled_after, shop::Shop};

use crate::fixture::{ADAPTERS, Admins, TENANCY, records, scope};

#[tokio::test]
async fn who_opens_it_and_why_is_committed_before_the_first_query() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let scope = scope().on_behalf_of(shop.a.clone());
    let (a, opened) =
        (shop.a.to_string(), |access: &str| format!(r#"{{"access":"{access}","seconds":900}}"#));

    let first = admins.diesel.begin(&scope).await.unwrap();
    let record = |access| ["alice@support", "ticket 4711", &a, &opened(access)].map(str::to_owned);
    assert_eq!(records(&shop).await, [record("read")], "seen by others while it is open");
    first.rollback().await.unwrap();

    let second = admins.seaorm.begin(&scope.writes()).await.unwrap();
    assert_eq!(records(&shop).await, [record("read"), record("write")]);
    drop(second);
    let admin = shop.database.session_as(&format!("{}_admin", shop.database.name()));
    assert_eq!(AuditLog::new(&admin).verify(None).await.unwrap().id, 2);
}

#[tokio::test]
async fn what_is_said_in_the_record_cannot_leave_it() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let hostile = r"x\'); COMMIT; BEGIN; DELETE FROM invoices; --$$";
    let scope = tenant_core::CrossTenantScope::new(hostile, hostile).unwrap().writes();
    for adapter in ADAPTERS {
        assert_eq!(admins.count(adapter, &scope).await.unwrap(), 10);
    }
    assert!(records(&shop).await.iter().all(|record| record[0] == hostile && record[1] == hostile));
}

/// Attack (watch): opening a transaction across tenants that leaves no record.
#[tokio::test]
async fn without_a_record_nothing_is_opened() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let name = shop.database.name();
    for broken in [
        format!("REVOKE EXECUTE ON FUNCTION tenancy.record FROM {name}_admin"),
        "ALTER TABLE tenancy.audit RENAME TO gone".to_owned(),
        // It fails when it is committed, not before.
        "CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN RAISE EXCEPTION ''the disk is full''; END';
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON tenancy.audit DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION public.late()"
            .to_owned(),
    ] {
        let mend = match &broken[..6] {
            "REVOKE" => format!("GRANT EXECUTE ON FUNCTION tenancy.record TO {name}_admin"),
            "ALTER " => "ALTER TABLE tenancy.gone RENAME TO audit".to_owned(),
            _ => "DROP FUNCTION public.late CASCADE".to_owned(),
        };
        shop.database.session().batch(&broken).await.unwrap();
        for adapter in ADAPTERS {
            let refused = admins.count(adapter, &scope()).await;
            assert!(refused.is_err(), "{adapter}: {broken}: {refused:?}");
        }
        shop.database.session().batch(&mend).await.unwrap();
        assert_eq!(records(&shop).await.len(), 0);
    }
    shop.settled().await;
    for adapter in ADAPTERS {
        assert_eq!(admins.count(adapter, &scope()).await.unwrap(), 10);
    }
}

#[tokio::test]
async fn record_and_begin_are_one_round_trip() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let admins = Admins::at(proxy.url(&format!("{}_admin", shop.database.name())), None).await;
    for adapter in ADAPTERS {
        admins.count(adapter, &scope()).await.unwrap();
        proxy.reset();
        admins.count(adapter, &scope()).await.unwrap();
        assert_eq!(proxy.round_trips(), 3, "{adapter}: {:#?}", proxy.messages());
    }
}

#[tokio::test]
async fn cancelled_anywhere_it_leaves_a_record_or_none_and_no_open_transaction() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let mut done = 0;
    for polls in 0..40 {
        for adapter in ADAPTERS {
            let counted = cancelled_after(polls % 10, admins.count(adapter, &scope())).await;
            done += usize::from(counted.is_some_and(|count| count == Ok(10)));
        }
    }
    shop.settled().await;
    for adapter in ADAPTERS {
        assert_eq!(admins.count(adapter, &scope()).await.unwrap(), 10);
    }
    assert!(records(&shop).await.len() >= done + 2);
}
