use tenant_tests::shop::Shop;

use crate::fixture::{Admins, TENANCY, admin_url};

#[tokio::test]
async fn it_opens_with_the_admins_login_and_no_other() {
    let shop = Shop::open(&TENANCY).await;
    let name = shop.database.name();
    let mut others = vec![shop.database.superuser_url()];
    for role in ["login", "owner", "registry", "analytics"] {
        others.push(shop.database.url(&format!("{name}_{role}")));
    }
    for url in others {
        let layout = tenant_core::Layout::new(name).unwrap();
        let diesel = tenant_diesel::AdminDb::builder(&TENANCY).layout(layout.clone());
        let refused = diesel.connect(url.clone()).await.unwrap_err();
        assert!(matches!(refused, tenant_diesel::Error::NotAdmin { .. }), "{url}: {refused}");
        let seaorm = tenant_seaorm::AdminDb::builder(&TENANCY).layout(layout);
        let refused = seaorm.connect(url.clone()).await.unwrap_err();
        assert!(matches!(refused, tenant_seaorm::Error::NotAdmin { .. }), "{url}: {refused}");
        assert!(refused.to_string().contains(&format!("not {name}_admin")), "{refused}");
    }
    Admins::of(&shop).await;
}

/// Attack (watch): giving the application's own pool the admin's login.
#[tokio::test]
async fn the_applications_pool_does_not_open_with_the_admins_login() {
    let shop = Shop::open(&TENANCY).await;
    let refused = tenant_diesel::TenantDb::connect(admin_url(&shop), &TENANCY).await.unwrap_err();
    assert!(matches!(refused, tenant_diesel::Error::NotIsolated { .. }), "{refused}");
    let refused = tenant_seaorm::TenantDb::connect(admin_url(&shop), &TENANCY).await.unwrap_err();
    assert!(matches!(refused, tenant_seaorm::Error::NotIsolated { .. }), "{refused}");
}

#[tokio::test]
async fn one_role_for_everything_has_no_admin() {
    let shop = Shop::open(&TENANCY).await;
    let layout = tenant_core::Layout::single_role("app").unwrap();
    let diesel = tenant_diesel::AdminDb::builder(&TENANCY).layout(layout.clone());
    let refused = diesel.connect(admin_url(&shop)).await.unwrap_err().to_string();
    assert!(refused.contains("none that works across tenants"), "{refused}");
    let seaorm = tenant_seaorm::AdminDb::builder(&TENANCY).layout(layout);
    assert_eq!(seaorm.connect(admin_url(&shop)).await.unwrap_err().to_string(), refused);
}
