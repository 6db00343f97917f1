//! The shop, and each adapter's way into it across tenants.

use diesel_async::SimpleAsyncConnection;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, PaginatorTrait};
use tenant_core::{CrossTenantScope, Seal};
use tenant_diesel::prelude::*;
use tenant_tests::shop::Shop;

pub(crate) mod schema {
    diesel::table! { projects (id) { id -> Int8, name -> Text, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
    diesel::table! {
        invoices (id) { id -> Int8, project_id -> Int8, plan_id -> Int4, amount -> Int4, }
    }

    tenant_diesel::tenancy! {
        pub static TENANCY;
        tenant { projects, invoices }
        shared { plans }
    }
}

#[allow(unreachable_pub, reason = "what the derive makes is public")]
pub(crate) mod invoice {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invoices")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub project_id: i64,
        pub plan_id: i32,
        pub amount: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use schema::TENANCY;

pub(crate) struct Admins {
    pub(crate) diesel: tenant_diesel::AdminDb,
    pub(crate) seaorm: tenant_seaorm::AdminDb,
}

pub(crate) const ADAPTERS: [&str; 2] = ["diesel", "seaorm"];

pub(crate) fn scope() -> CrossTenantScope {
    CrossTenantScope::new("alice@support", "ticket 4711").unwrap()
}

pub(crate) fn admin_url(shop: &Shop) -> String {
    shop.database.url(&format!("{}_admin", shop.database.name()))
}

impl Admins {
    pub(crate) async fn of(shop: &Shop) -> Self {
        Self::at(admin_url(shop), None).await
    }

    /// With one connection each, so that what one transaction leaves meets the next.
    pub(crate) async fn at(url: String, seal: Option<Seal>) -> Self {
        let mut diesel = tenant_diesel::AdminDb::builder(&TENANCY).max_connections(1);
        let mut seaorm = tenant_seaorm::AdminDb::builder(&TENANCY).max_connections(1);
        if let Some(seal) = seal {
            diesel = diesel.seal(seal.clone());
            seaorm = seaorm.seal(seal);
        }
        Self {
            diesel: diesel.connect(url.clone()).await.unwrap(),
            seaorm: seaorm.connect(url).await.unwrap(),
        }
    }

    /// How many invoices a transaction of this scope sees, which it then commits.
    pub(crate) async fn count(
        &self,
        adapter: &str,
        scope: &CrossTenantScope,
    ) -> Result<i64, String> {
        if adapter == "diesel" {
            let mut tx = self.diesel.begin(scope).await.map_err(said)?;
            let count = schema::invoices::table.count().get_result(&mut tx).await.map_err(said)?;
            tx.commit().await.map_err(said)?;
            Ok(count)
        } else {
            let tx = self.seaorm.begin(scope).await.map_err(said)?;
            let count = invoice::Entity::find().count(&tx).await.map_err(said)?;
            tx.commit().await.map_err(said)?;
            Ok(i64::try_from(count).unwrap())
        }
    }

    /// Inserts an invoice without saying whose it is.
    pub(crate) async fn insert(
        &self,
        adapter: &str,
        scope: &CrossTenantScope,
    ) -> Result<(), String> {
        if adapter == "diesel" {
            use schema::invoices;
            let mut tx = self.diesel.begin(scope).await.map_err(said)?;
            let row =
                (invoices::project_id.eq(1_i64), invoices::plan_id.eq(1), invoices::amount.eq(99));
            let insert = diesel::insert_into(invoices::table).values(row);
            insert.execute(&mut tx).await.map_err(said)?;
            tx.commit().await.map_err(said)
        } else {
            let tx = self.seaorm.begin(scope).await.map_err(said)?;
            let row = invoice::ActiveModel {
                project_id: Set(1),
                plan_id: Set(1),
                amount: Set(99),
                ..Default::default()
            };
            invoice::Entity::insert(row).exec(&tx).await.map_err(said)?;
            tx.commit().await.map_err(said)
        }
    }

    /// Raw SQL in a transaction of this scope, one batch after the other.
    pub(crate) async fn runs(
        &self,
        adapter: &str,
        scope: &CrossTenantScope,
        batches: &[&str],
    ) -> Result<(), String> {
        if adapter == "diesel" {
            let mut tx = self.diesel.begin(scope).await.map_err(said)?;
            for sql in batches {
                let mut raw = tx.raw_unchecked("the test's SQL");
                raw.batch_execute(sql).await.map_err(said)?;
            }
            tx.commit().await.map_err(said)
        } else {
            let tx = self.seaorm.begin(scope).await.map_err(said)?;
            for sql in batches {
                let raw = tx.raw_unchecked("the test's SQL");
                raw.execute_unprepared(sql).await.map_err(said)?;
            }
            tx.commit().await.map_err(said)
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The records of support access so far: who, why, which tenant, what.
pub(crate) async fn records(shop: &Shop) -> Vec<[String; 4]> {
    use tenant_core::SqlSession;
    let sql = "SELECT actor, reason, coalesce(tenant, '') AS tenant, detail FROM tenancy.audit \
               WHERE event = 'support_access' ORDER BY audit.id";
    let rows = shop.database.session().rows(sql, &[]).await.unwrap();
    let text = |row: &tenant_core::JsonRow, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter().map(|row| ["actor", "reason", "tenant", "detail"].map(|n| text(row, n))).collect()
}
