//! Out and in again: nothing is lost, nothing is changed.

use tenant_core::{
    Erasure, ExportFormat, ImportError, NewTenant, TenantId, TenantKey, Tenants, verify_export,
};

use crate::fixture::Shop;

#[tokio::test]
async fn export_erase_import_gives_equal_checksums() {
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        let shop = Shop::open().await;
        let before = (shop.checksum(1).await, shop.checksum(2).await);
        let folder = shop.path("out");
        let export = shop.export(1).format(format);
        let manifest = export.to_folder(&shop.admin(), &folder).await.unwrap();
        assert_eq!(verify_export(&folder).unwrap(), manifest);
        shop.erase(1).await;
        assert_ne!(shop.checksum(1).await, before.0);
        assert_eq!(shop.imported(shop.import("out")).await.unwrap(), manifest);
        assert_eq!((shop.checksum(1).await, shop.checksum(2).await), before, "{format:?}");
        // Files and all: the second export is the first one, but for the time.
        let again =
            shop.export(1).format(format).to_folder(&shop.admin(), shop.path("again")).await;
        assert_eq!(again.unwrap().tables, manifest.tables);
    }
}

#[tokio::test]
async fn another_database_and_another_tenant_get_the_same_rows() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    let manifest = from.to_folder(2, "out").await.unwrap();
    let import = tenant_core::Import::new(into.tenancy(), from.path("out")).into_tenant(3);
    into.imported(import).await.unwrap();
    assert_eq!(into.checksum(3).await, from.checksum(2).await);
    assert_eq!(into.checksum(2).await, into.checksum(1).await, "nobody else has rows");
    let again = into.to_folder(3, "again").await.unwrap();
    assert_eq!(again.tables, manifest.tables);
}

#[tokio::test]
async fn an_erased_tenant_is_brought_back() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let before = (shop.checksum(1).await, shop.checksum(2).await);
    let id = TenantId::from(1);
    shop.to_folder(1, "out").await.unwrap();
    Erasure::new(shop.tenancy(), id.clone()).run(&admin, "alice", "a test").await.unwrap();
    let gone = shop.imported(shop.import("out")).await;
    assert!(matches!(gone, Err(ImportError::UnknownTenant(_))), "{gone:?}");
    let owner = shop.database.session_as(&format!("{}_owner", shop.database.name()));
    let owner = Tenants::new(&owner, TenantKey::Bigint, "alice");
    owner.lift_tombstone(&id, "erased by mistake").await.unwrap();
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    let again = NewTenant::new("one", "One").id(id).reason("erased by mistake");
    tenants.create(again).await.unwrap();
    shop.imported(shop.import("out")).await.unwrap();
    assert_eq!((shop.checksum(1).await, shop.checksum(2).await), before);
}
