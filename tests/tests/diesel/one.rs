//! A pool of one connection, and a tenant who is about to use it.

use tenant_core::{TenantScope, Verified};
use tenant_diesel::{TenantDb, TenantTransaction, prelude::*};
use tenant_testkit::Proxy;
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, projects};

/// The connection with which a pool looks for a pooler, when it opens.
pub(crate) const LOOKED: usize = 1;

/// A pool of one connection, through a proxy.
pub(crate) struct One {
    pub(crate) shop: Shop,
    pub(crate) proxy: Proxy,
    pub(crate) db: TenantDb,
    pub(crate) scope: TenantScope<Verified>,
}

impl One {
    pub(crate) async fn open() -> Self {
        let shop = Shop::open(&TENANCY).await;
        let proxy = shop.database.proxy().await.unwrap();
        let url = proxy.url(&format!("{}_login", shop.database.name()));
        let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
        let scope = shop.scope(&shop.a).await;
        Self { shop, proxy, db, scope }
    }

    /// The same where no role holds what runs outside of a transaction.
    pub(crate) async fn under_one_role() -> Self {
        let (shop, layout) = Shop::under_one_role(&TENANCY).await;
        let proxy = shop.database.proxy().await.unwrap();
        let url = proxy.url(layout.roles().login());
        let db = TenantDb::builder(&TENANCY).max_connections(1).layout(layout);
        let db = db.connect(url).await.unwrap();
        let scope = shop.scope(&shop.a).await;
        Self { shop, proxy, db, scope }
    }

    /// A transaction of the first tenant that begins with its first statement.
    pub(crate) async fn deferred(&self) -> TenantTransaction {
        self.db.begin_deferred(&self.scope).await.unwrap()
    }

    /// Whoever borrows the connection next sees its own tenant and nothing else.
    pub(crate) async fn the_next_one_is_clean(&self) {
        let mut tx = self.db.begin(&self.shop.scope(&self.shop.b).await).await.unwrap();
        let whose = projects::table.select(projects::tenant_id).distinct();
        let whose: Vec<uuid::Uuid> = whose.load(&mut tx).await.unwrap();
        assert_eq!(whose, [self.shop.b.as_uuid().unwrap()]);
        tx.commit().await.unwrap();
    }
}
