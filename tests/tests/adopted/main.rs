//! What `tenant adopt` writes for code that declares Sakila's and Chinook's tables is Rust that compiles,
//! and declares what it read. That it writes just these modules, `tenant-cli/tests/cli/adopted.rs` says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

/// As they are written: public, and without a word on each table.
#[allow(missing_debug_implementations, missing_docs, unreachable_pub)]
mod chinook_diesel {
    pub mod schema;
    pub mod tenancy;
}
#[allow(clippy::struct_field_names, missing_docs, unreachable_pub)]
mod chinook_seaorm {
    pub mod entity;
    pub mod tenancy;
}
#[allow(missing_debug_implementations, missing_docs, unreachable_pub)]
mod sakila_diesel {
    pub mod schema;
    pub mod tenancy;
}
#[allow(clippy::struct_field_names, missing_docs, unreachable_pub)]
mod sakila_seaorm {
    pub mod entity;
    pub mod tenancy;
}

use sea_orm::{EntityTrait, PaginatorTrait};
use tenant_core::{
    Adopt, Answer, Layout, Principal, SqlRegistry, SqlSession, TableName, Tenancy, TenantId,
    TenantKey, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;

/// With what lint would find mended.
const SAKILA: [&str; 3] = [
    include_str!("../../../tenant-cli/tests/data/sakila/schema.sql"),
    include_str!("../../../tenant-cli/tests/data/sakila/data.sql"),
    include_str!("../../../tenant-cli/tests/data/sakila/mend.sql"),
];

fn tenants(tenancy: &Tenancy) -> Vec<String> {
    tenancy.check().unwrap();
    let tables = tenancy.tenant_tables().iter();
    tables.map(|table| format!("{} {}", table.table().name(), table.column())).collect()
}

#[test]
fn both_orms_declare_what_was_read() {
    let sakila = [
        "customer tenant_id",
        "inventory tenant_id",
        "payment tenant_id",
        "rental tenant_id",
        "staff tenant_id",
        "store tenant_id",
    ];
    assert_eq!(tenants(&sakila_diesel::tenancy::TENANCY), sakila);
    assert_eq!(tenants(&sakila_seaorm::tenancy::TENANCY), sakila);
    let chinook = ["customer tenant_id", "invoice tenant_id", "invoice_line tenant_id"];
    assert_eq!(tenants(&chinook_diesel::tenancy::TENANCY), chinook);
    assert_eq!(tenants(&chinook_seaorm::tenancy::TENANCY), chinook);
    for tenancy in [&sakila_diesel::tenancy::TENANCY, &sakila_seaorm::tenancy::TENANCY] {
        assert_eq!(tenancy.shared_tables().len(), 9);
    }
}

/// And what they declare is what the database gets: each ORM counts one store's customers without a word
/// of which.
#[tokio::test]
async fn a_declaration_that_was_written_keeps_stores_apart() {
    let db = TestDatabase::create().await.unwrap();
    let session = db.session().dedicated().await.unwrap();
    for script in SAKILA {
        session.batch(script).await.unwrap();
    }
    let shared = Adopt::new().answer(TableName::new("address").unwrap(), Answer::Shared);
    let adoption = shared.read(db.session()).await.unwrap();
    let layout = Layout::new(db.name()).unwrap();
    db.install(&adoption.isolation(&layout).unwrap()).await.unwrap();
    db.session().batch(adoption.registry()).await.unwrap();

    let login = db.url(&format!("{}_login", db.name()));
    let registry = db.session_as(&format!("{}_registry", db.name()));
    let scope = TenantScope::claim(TenantId::from(2), Principal::System("a test".into()));
    let scope: TenantScope<Verified> =
        scope.verify(&SqlRegistry::new(registry).key(TenantKey::Bigint)).await.unwrap();

    let there = tenant_seaorm::TenantDb::builder(&sakila_seaorm::tenancy::TENANCY)
        .layout(layout.clone())
        .connect(login.clone())
        .await
        .unwrap();
    let tx = there.begin(&scope).await.unwrap();
    assert_eq!(sakila_seaorm::entity::customer::Entity::find().count(&tx).await.unwrap(), 20);
    tx.commit().await.unwrap();

    let there = tenant_diesel::TenantDb::builder(&sakila_diesel::tenancy::TENANCY)
        .layout(layout)
        .connect(&login)
        .await
        .unwrap();
    let mut tx = there.begin(&scope).await.unwrap();
    {
        use tenant_diesel::prelude::*;
        let count = sakila_diesel::schema::customer::table.count();
        assert_eq!(count.get_result::<i64>(&mut tx).await.unwrap(), 20);
    }
    tx.commit().await.unwrap();
}
