//! Export and import through a session of either adapter.

use tenant_core::{
    Export, ExportFormat, Import, ImportError, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_tests::shop::Shop;

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Uuid)
        .tenant_table(TableName::new("projects"), None)
        .tenant_table(TableName::new("invoices"), None)
        .shared_table(TableName::new("plans"))
}

const SUM: &str = "SELECT md5(string_agg(i::text, ' ' ORDER BY i.id)) FROM invoices i";

async fn round_trip(shop: &Shop, admin: &dyn SqlSession, format: ExportFormat) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let before = shop.ask(SUM).await;
    let export = Export::new(&tenancy(), shop.a.clone(), "alice", "a test").format(format);
    export.to_folder(admin, &path).await.unwrap();
    let import = Import::new(&tenancy(), &path);
    let id = tenant_core::quote_literal(&shop.a.to_string());
    let erase = format!(
        "DELETE FROM invoices WHERE tenant_id = {id}; DELETE FROM projects WHERE tenant_id = {id}"
    );
    // A key that is taken is told by both drivers, also by the one that shows no code.
    let other = "INSERT INTO tenancy.tenants (id, slug, name) VALUES ('00000000-0000-0000-0000-0000000000cc', 'c', 'C') ON CONFLICT DO NOTHING";
    shop.database.session().batch(other).await.unwrap();
    let c = tenant_core::TenantId::from(uuid::Uuid::from_u128(0xcc));
    let taken = import.clone().into_tenant(c).run(admin, "alice", "a test").await;
    assert!(matches!(taken, Err(ImportError::KeyTaken { .. })), "{taken:?}");
    shop.database.session().batch(&erase).await.unwrap();
    import.run(admin, "alice", "a test").await.unwrap();
    assert_eq!(shop.ask(SUM).await, before);
}

#[tokio::test]
async fn both_adapters_sessions_export_and_import() {
    let shop = Shop::open(&tenancy()).await;
    let id = tenant_core::quote_literal(&shop.a.to_string());
    let register = format!("INSERT INTO tenancy.tenants (id, slug, name) VALUES ({id}, 'a', 'A')");
    shop.database.session().batch(&register).await.unwrap();
    shop.database
        .session()
        .batch("UPDATE invoices SET note = E'a\\\\b\\'c\\n' || chr(8232)")
        .await
        .unwrap();
    let url = shop.database.url(&format!("{}_admin", shop.database.name()));
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        let diesel = tenant_diesel::PgSession::connect(url.as_str()).await.unwrap();
        round_trip(&shop, &diesel, format).await;
        let seaorm = tenant_seaorm::PgSession::connect(url.as_str()).await.unwrap();
        round_trip(&shop, &seaorm, format).await;
    }
}
