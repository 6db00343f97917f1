//! The message that opens a transaction. Without a cluster it says the same to one node.

use tenant_core::{
    Binding, Principal, SqlSession, StaticRegistry, TenantKey, TenantRecord, TenantScope,
    TransactionOptions, Verified,
    adapter::{Opening, OpeningOptions},
};

use crate::fixture::{isolation, layout, shop};

async fn scope(id: i64) -> TenantScope<Verified> {
    let claim = TenantScope::claim(id, Principal::System("test".into()));
    claim.verify(&StaticRegistry::new([TenantRecord::new(id, "some")])).await.unwrap()
}

#[tokio::test]
async fn a_transaction_has_its_tenant_and_hands_it_on() {
    let database = shop().await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    let rows = "INSERT INTO customers (tenant_id, id) VALUES (1, 1), (1, 2), (2, 3)";
    database.session().batch(rows).await.unwrap();
    let options = OpeningOptions::default();
    let opening = Opening::new(&layout(&database), TenantKey::Bigint, &options).unwrap();
    let session = database.session_as(&format!("{}_login", database.name()));
    let session = session.dedicated().await.unwrap();
    for (tenant, count) in [(1, 2), (2, 1), (3, 0)] {
        let message = opening.tenant(&scope(tenant).await, TransactionOptions::default()).unwrap();
        session.batch(&message).await.unwrap();
        let sql = "SELECT count(*) AS n, current_setting('citus.propagate_set_commands') AS handed_on \
                   FROM customers";
        let rows = session.rows(sql, &[]).await.unwrap();
        assert_eq!(rows[0]["n"].as_i64(), Some(count));
        assert_eq!(rows[0]["handed_on"].as_str(), Some("local"));
        // A savepoint is released and the tenant said again, as the adapters do.
        let bind = opening.bind(&scope(tenant).await).unwrap();
        session.batch(&format!("SAVEPOINT a; RELEASE SAVEPOINT a; {bind}")).await.unwrap();
        session.batch(tenant_core::adapter::COMMIT).await.unwrap();
    }
    let refused = session.rows("SELECT count(*) FROM customers", &[]).await;
    assert!(refused.is_err(), "nothing is left over");
}

#[tokio::test]
async fn another_binding_opens_nothing() {
    let database = shop().await;
    let options = OpeningOptions::default();
    let other = layout(&database).binding(Binding::SetConfig);
    assert!(Opening::new(&other, TenantKey::Bigint, &options).is_err());
    assert!(Opening::new(&layout(&database), TenantKey::Bigint, &options).is_ok());
}
