use tenant_core::{Binding, Layout, Seal, SealKey, SealKeys};
use tenant_tests::shop::Shop;

use crate::fixture::{ADAPTERS, Admins, TENANCY, admin_url, scope};

#[tokio::test]
async fn on_behalf_of_a_tenant_an_inserted_row_is_that_tenants() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        let scope = scope().writes();
        let nobodys = admins.insert(adapter, &scope).await.unwrap_err();
        assert!(nobodys.contains("no tenant is set"), "{adapter}: {nobodys}");
        admins.insert(adapter, &scope.on_behalf_of(shop.b.clone())).await.unwrap();
    }
    let whose = "SELECT string_agg(DISTINCT tenant_id::text, ' ') FROM invoices WHERE amount = 99";
    assert_eq!(shop.ask(whose).await, shop.b.to_string());
    assert_eq!(shop.count("invoices").await, 12);
}

/// On a connection that has just worked on behalf of somebody else, too.
#[tokio::test]
async fn nobody_is_left_over_from_the_transaction_before() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        let left = format!("SELECT set_config('app.current_tenant_id', '{}', false)", shop.a);
        let scope = scope().writes();
        admins.runs(adapter, &scope, &[&left]).await.unwrap();
        admins.insert(adapter, &scope.clone().on_behalf_of(shop.b.clone())).await.unwrap();
        let error = admins.insert(adapter, &scope).await.unwrap_err();
        assert!(error.contains("no tenant is set"), "{adapter}: {error}");
    }
}

#[tokio::test]
async fn in_a_sealed_database_it_seals_what_it_does_on_behalf_of_a_tenant() {
    let a = tenant_core::TenantId::from(uuid::Uuid::from_u128(0xa));
    let b = tenant_core::TenantId::from(uuid::Uuid::from_u128(0xb));
    let sealed = |name: &str| Layout::new(name).map(|layout| layout.binding(Binding::Sealed));
    let shop = Shop::with(&TENANCY, a, b, sealed).await;
    let key = SealKey::new("k1", vec![7; 32]).unwrap();
    SealKeys::new(shop.database.session()).add(&key).await.unwrap();

    let admins = Admins::at(admin_url(&shop), Some(Seal::new(key))).await;
    let keyless = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        let scope = scope().writes().on_behalf_of(shop.a.clone());
        admins.insert(adapter, &scope).await.unwrap();
        let error = keyless.insert(adapter, &scope).await.unwrap_err();
        assert!(error.contains("not sealed"), "{adapter}: without a key: {error}");
        keyless.count(adapter, &crate::fixture::scope()).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_nested_transaction_did_is_undone_alone() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let scope = scope().writes();
    let set = "UPDATE invoices SET amount = 70 WHERE amount = $1";

    let mut tx = admins.diesel.begin(&scope).await.unwrap();
    for (amount, keep) in [(1, true), (2, false)] {
        let nested = tx.transaction(async |tx: &mut tenant_diesel::AdminTransaction| {
            let update =
                tenant_diesel::sql_query("UPDATE invoices SET amount = 70 WHERE amount = $1")
                    .bind::<diesel::sql_types::Integer, _>(amount);
            tenant_diesel::RunQueryDsl::execute(update, tx).await?;
            if keep { Ok(()) } else { Err(diesel::result::Error::RollbackTransaction) }
        });
        assert_eq!(nested.await.is_ok(), keep);
    }
    tx.commit().await.unwrap();
    assert_eq!(shop.ask("SELECT count(*) FROM invoices WHERE amount = 70").await, "2");

    let tx = admins.seaorm.begin(&scope).await.unwrap();
    for (amount, keep) in [(3, true), (4, false)] {
        let nested = sea_orm::TransactionTrait::begin(&tx).await.unwrap();
        nested.raw(set, [amount.into()]).execute().await.unwrap();
        if keep {
            nested.commit().await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    assert_eq!(shop.ask("SELECT count(*) FROM invoices WHERE amount = 70").await, "4");
}
