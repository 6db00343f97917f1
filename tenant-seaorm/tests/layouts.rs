//! Other keys, another setting, another binding, one role for everything: end to end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may
#![allow(dead_code, unreachable_pub)] // what SeaORM's macro makes

use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
use tenant_seaorm::{
    Binding, Error, Isolation, Layout, Principal, SqlSession as _, StaticRegistry, Tenancy,
    TenantDb, TenantId, TenantKey, TenantRecord, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;

macro_rules! note {
    ($module:ident, $type:ty) => {
        mod $module {
            use sea_orm::entity::prelude::*;

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = "note")]
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i32,
                pub owner: $type,
                pub body: String,
            }

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

note!(by_uuid, Uuid);
note!(by_number, i64);
note!(by_text, String);

tenant_seaorm::tenancy! { static BY_UUID; key uuid; tenant { by_uuid[owner] } shared {} }
tenant_seaorm::tenancy! { static BY_NUMBER; key bigint; tenant { by_number[owner] } shared {} }
tenant_seaorm::tenancy! { static BY_TEXT; key text; tenant { by_text[owner] } shared {} }

async fn scope(id: &TenantId) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(id.clone(), "x")]);
    let claim = TenantScope::claim(id.clone(), Principal::System("test".into()));
    claim.verify(&registry).await.unwrap()
}

async fn installed(
    tenancy: &Tenancy,
    layout: impl FnOnce(Layout) -> Layout,
) -> (TestDatabase, TenantDb) {
    let db = TestDatabase::create().await.unwrap();
    let layout = layout(Layout::new(db.name()).unwrap());
    let schema = "CREATE TABLE note (id serial PRIMARY KEY, body text NOT NULL)";
    db.session().batch(schema).await.unwrap();
    db.install(&Isolation::new(tenancy, &layout).unwrap()).await.unwrap();
    let url = db.url(layout.roles().login());
    let pool = TenantDb::builder(tenancy).layout(layout).connect(url).await.unwrap();
    (db, pool)
}

macro_rules! two_tenants {
    ($module:ident, $pool:expr, $ids:expr) => {
        for id in &$ids {
            let tx = $pool.begin(&scope(id).await).await.unwrap();
            let note = $module::ActiveModel { body: Set(id.to_string()), ..Default::default() };
            let made = note.insert(&tx).await.unwrap();
            assert_eq!(made.owner.to_string(), id.to_string());
            tx.commit().await.unwrap();
        }
        for id in &$ids {
            let tx = $pool.begin(&scope(id).await).await.unwrap();
            let seen = $module::Entity::find().all(&tx).await.unwrap();
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].body, id.to_string());
            tx.commit().await.unwrap();
        }
    };
}

#[tokio::test]
async fn tenants_by_uuid_number_and_text_are_kept_apart() {
    assert_eq!(BY_NUMBER.key(), TenantKey::Bigint);
    let (_db, pool) = installed(&BY_UUID, |l| l).await;
    let uuids = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(TenantId::from);
    two_tenants!(by_uuid, pool, uuids);
    let (_db, pool) = installed(&BY_NUMBER, |l| l).await;
    two_tenants!(by_number, pool, [7, -1, i64::MAX].map(TenantId::from));
    let (_db, pool) = installed(&BY_TEXT, |l| l).await;
    let hostile = ["acme", "o'neil; DROP TABLE note --", r"back\slash", "ünï"];
    two_tenants!(by_text, pool, hostile.map(|text| TenantId::try_from(text).unwrap()));
}

#[tokio::test]
async fn another_setting_and_another_binding_hold_as_well() {
    for binding in [Binding::SetConfig, Binding::SetLocal] {
        let layout = |l: Layout| l.setting("shop.who.now").unwrap().binding(binding);
        let (_db, pool) = installed(&BY_TEXT, layout).await;
        let ids = ["a'b", r"c\d"].map(|text| TenantId::try_from(text).unwrap());
        two_tenants!(by_text, pool, ids);
    }
}

#[tokio::test]
async fn one_role_for_everything_keeps_the_other_walls() {
    let db = TestDatabase::create().await.unwrap();
    let role = format!("{}_app", db.name());
    let layout = Layout::single_role(&role).unwrap();
    let schema = format!(
        "CREATE TABLE note (id serial PRIMARY KEY, body text NOT NULL); CREATE ROLE {role} LOGIN"
    );
    db.session().batch(&schema).await.unwrap();
    db.install(&Isolation::new(&BY_NUMBER, &layout).unwrap()).await.unwrap();
    let url = db.url(layout.roles().login());
    let pool = TenantDb::builder(&BY_NUMBER).layout(layout).connect(url).await.unwrap();
    two_tenants!(by_number, pool, [1, 2].map(TenantId::from));

    // Without a tenant there is nothing, although the role has the grants.
    let tx = pool.begin(&scope(&TenantId::from(1)).await).await.unwrap();
    let raw = tx.raw_unchecked("this test");
    sea_orm::ConnectionTrait::execute_unprepared(&raw, "COMMIT").await.unwrap();
    let error = Error::from(by_number::Entity::find().all(&tx).await.unwrap_err());
    assert!(matches!(error, Error::NoTenantContext { .. }), "{error}");
}
