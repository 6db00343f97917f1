//! UUID, bigint and text tenants, end to end through both ORMs.

// What SeaORM generates for an entity is public, and more than a test uses.
#![allow(unreachable_pub, dead_code)]

use ::uuid::Uuid;
use tenant_core::{Layout, SqlSession, Tenancy, TenantId};
use tenant_tests::shop::Shop;

/// The same two tables three times, since a table belongs to one declaration.
macro_rules! kind {
    ($kind:ident, $a:expr, $b:expr) => {
        mod $kind {
            use super::*;

            mod schema {
                diesel::table! { projects (id) { id -> Int8, name -> Text, } }
                diesel::table! { plans (id) { id -> Int4, name -> Text, } }
                diesel::table! { invoices (id) { id -> Int8, } }
                diesel::table! { features (id) { id -> Int4, } }
            }

            mod through_diesel {
                use super::schema;
                tenant_diesel::tenancy! {
                    pub static TENANCY;
                    key $kind;
                    tenant { schema::projects, schema::invoices }
                    shared { schema::plans, schema::features }
                }
            }

            mod projects {
                use sea_orm::entity::prelude::*;
                #[sea_orm::model]
                #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
                #[sea_orm(table_name = "projects")]
                pub struct Model {
                    #[sea_orm(primary_key)]
                    pub id: i64,
                    pub name: String,
                }
                impl ActiveModelBehavior for ActiveModel {}
            }

            mod through_seaorm {
                use super::projects;
                tenant_seaorm::tenancy! {
                    pub static TENANCY;
                    key $kind;
                    tenant { projects }
                    shared {}
                }
            }

            #[tokio::test]
            async fn tenants_are_kept_apart_through_both_orms() {
                let (a, b): (TenantId, TenantId) = ($a, $b);
                let tenancy: &Tenancy = &through_diesel::TENANCY;
                let shop = Shop::with(tenancy, a.clone(), b.clone(), Layout::new).await;
                for tenant in [&a, &b] {
                    let scope = shop.scope(tenant).await;
                    diesel(&shop, &scope).await;
                    seaorm(&shop, &scope).await;
                }
                let sql = "SELECT tenant_id::text AS tenant, count(*) FROM projects GROUP BY 1";
                let rows = shop.database.session().rows(sql, &[]).await.unwrap();
                assert_eq!(rows.len(), 2);
                for row in rows {
                    assert_eq!(row["count"], 3);
                    let tenant = row["tenant"].as_str().unwrap();
                    assert!([a.to_string(), b.to_string()].contains(&tenant.to_owned()));
                }
            }

            async fn diesel(shop: &Shop, scope: &tenant_core::TenantScope<tenant_core::Verified>) {
                use schema::projects;
                use tenant_diesel::prelude::*;
                let db = tenant_diesel::TenantDb::connect(shop.url(), &through_diesel::TENANCY)
                    .await
                    .unwrap();
                let mut tx = db.begin(scope).await.unwrap();
                assert_eq!(projects::table.count().get_result::<i64>(&mut tx).await.unwrap(), 1);
                ::diesel::insert_into(projects::table)
                    .values(projects::name.eq("diesel"))
                    .execute(&mut tx)
                    .await
                    .unwrap();
                assert_eq!(projects::table.count().get_result::<i64>(&mut tx).await.unwrap(), 2);
                tx.commit().await.unwrap();
            }

            async fn seaorm(shop: &Shop, scope: &tenant_core::TenantScope<tenant_core::Verified>) {
                use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, PaginatorTrait};
                let db = tenant_seaorm::TenantDb::connect(shop.url(), &through_seaorm::TENANCY)
                    .await
                    .unwrap();
                let tx = db.begin(scope).await.unwrap();
                assert_eq!(projects::Entity::find().count(&tx).await.unwrap(), 2);
                let model =
                    projects::ActiveModel { name: Set("seaorm".into()), ..Default::default() };
                model.insert(&tx).await.unwrap();
                assert_eq!(projects::Entity::find().count(&tx).await.unwrap(), 3);
                tx.commit().await.unwrap();
            }
        }
    };
}

kind!(uuid, Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
kind!(bigint, TenantId::from(1), TenantId::from(-9_007_199_254_740_993));
kind!(text, TenantId::try_from("acme").unwrap(), TenantId::try_from(r"o'neil \ sons").unwrap());
