use sea_orm::{ActiveModelTrait, EntityTrait, Set, entity::prelude::*};
use tenant_core::{TenantScope, Verified};
use tenant_seaorm::{Error, TenantDb};

use crate::{
    ledger::{Client, Told, Write},
    world::{MAX_SCOPE_AGE, World},
};

#[allow(unreachable_pub, missing_debug_implementations, reason = "what the derives make is public")]
pub(crate) mod entry {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "entries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub value: i64,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[allow(unreachable_pub, missing_debug_implementations, reason = "what the derives make is public")]
pub(crate) mod note {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub entry: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub(crate) static TENANCY;
    key uuid;
    tenant { entry, note }
    shared { }
}

pub(crate) async fn open(world: &World) -> TenantDb {
    let db = TenantDb::builder(&TENANCY).layout(world.layout.clone()).max_scope_age(MAX_SCOPE_AGE);
    db.max_connections(4).connect(world.login()).await.unwrap()
}

async fn run(db: &TenantDb, scope: &TenantScope<Verified>, write: Write) -> Result<(), Error> {
    let tx = db.begin(scope).await?;
    match write {
        Write::Insert(id, value) => {
            let entry =
                entry::ActiveModel { id: Set(id), value: Set(value), body: Set("new".to_owned()) };
            entry::Entity::insert(entry).exec_without_returning(&tx).await?;
            note::ActiveModel { entry: Set(id), ..Default::default() }.insert(&tx).await?;
        }
        Write::Update(id, value) => {
            let update = entry::Entity::update_many().col_expr(entry::Column::Value, value.into());
            let done = update.filter(entry::Column::Id.eq(id)).exec(&tx).await?;
            assert_eq!(done.rows_affected, 1, "{id} is lost");
        }
        Write::Delete(id) => {
            let done = entry::Entity::delete_by_id(id).exec(&tx).await?;
            assert_eq!(done.rows_affected, 1, "{id} is lost");
        }
    }
    tx.commit().await
}

impl Client for TenantDb {
    async fn write(&self, scope: &TenantScope<Verified>, write: Write) -> Told {
        match run(self, scope, write).await {
            Ok(()) => Told::Done,
            Err(Error::Moving { .. }) => Told::Moving,
            Err(Error::Core(tenant_core::Error::StaleScope { .. })) => Told::Stale,
            Err(error) => panic!("{error}"),
        }
    }
}
