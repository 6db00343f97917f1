#![allow(
    unreachable_pub,
    missing_debug_implementations,
    reason = "what the derives make is public"
)]

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    Set, TransactionTrait, entity::prelude::*, sea_query::ExprTrait as _,
};
use tenant_core::{TenantScope, Verified};
use tenant_seaorm::{TenantDb, TenantTransaction};

use crate::app::{App, Mood};

#[derive(Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "mood")]
pub(crate) enum ModelMood {
    #[sea_orm(string_value = "happy")]
    Happy,
    #[sea_orm(string_value = "sad")]
    Sad,
}

impl From<Mood> for ModelMood {
    fn from(mood: Mood) -> Self {
        match mood {
            Mood::Happy => Self::Happy,
            Mood::Sad => Self::Sad,
        }
    }
}

pub(crate) mod customer {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customers")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub mood: super::ModelMood,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::order::Entity")]
        Order,
    }

    impl Related<super::order::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Order.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod order {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub customer_id: i64,
        pub total: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::customer::Entity",
            from = "Column::CustomerId",
            to = "super::customer::Column::Id"
        )]
        Customer,
    }

    impl Related<super::customer::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Customer.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod plan {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plans")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub(crate) static TENANCY;
    key uuid;
    tenant { customer, order }
    shared { plan }
}

async fn take_in(
    db: &impl ConnectionTrait,
    name: &str,
    mood: Mood,
    total: i64,
) -> Result<i64, DbErr> {
    let customer = customer::ActiveModel {
        name: Set(name.to_owned()),
        mood: Set(mood.into()),
        ..Default::default()
    };
    let customer = customer.insert(db).await?;
    let order = order::ActiveModel {
        customer_id: Set(customer.id),
        total: Set(total),
        ..Default::default()
    };
    Ok(order.insert(db).await?.id)
}

async fn all(db: &impl ConnectionTrait) -> Result<Vec<customer::Model>, DbErr> {
    customer::Entity::find().order_by_asc(customer::Column::Id).all(db).await
}

async fn sum_of(db: &impl ConnectionTrait, mood: Mood) -> Result<i64, DbErr> {
    let orders = order::Entity::find()
        .find_also_related(customer::Entity)
        .filter(customer::Column::Mood.eq(ModelMood::from(mood)))
        .all(db)
        .await?;
    Ok(orders.iter().map(|(order, _)| order.total).sum())
}

async fn raise_all(db: &impl ConnectionTrait, by: i64) -> Result<u64, DbErr> {
    let raised = order::Entity::update_many()
        .col_expr(order::Column::Total, Expr::col(order::Column::Total).add(by))
        .exec(db)
        .await?;
    Ok(raised.rows_affected)
}

async fn plan_names(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let plans = plan::Entity::find().order_by_asc(plan::Column::Id).all(db).await?;
    Ok(plans.into_iter().map(|plan| plan.name).collect())
}

async fn remove(db: &impl ConnectionTrait, name: &str) -> Result<(), DbErr> {
    let customer = customer::Entity::find().filter(customer::Column::Name.eq(name)).one(db).await?;
    let id = customer.expect("there is such a customer").id;
    order::Entity::delete_many().filter(order::Column::CustomerId.eq(id)).exec(db).await?;
    customer::Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

impl App for TenantDb {
    async fn order(
        &self,
        scope: &TenantScope<Verified>,
        name: &str,
        mood: Mood,
        total: i64,
    ) -> i64 {
        let tx = self.begin(scope).await.unwrap();
        let id = take_in(&tx, name, mood, total).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn customers(&self, scope: &TenantScope<Verified>) -> Vec<(String, Mood)> {
        let tx = self.begin(scope).await.unwrap();
        let all = all(&tx).await.unwrap();
        tx.commit().await.unwrap();
        let mood = |mood: &ModelMood| match mood {
            ModelMood::Happy => Mood::Happy,
            ModelMood::Sad => Mood::Sad,
        };
        all.into_iter().map(|customer| (customer.name, mood(&customer.mood))).collect()
    }

    async fn sum(&self, scope: &TenantScope<Verified>, mood: Mood) -> i64 {
        let run =
            async |tx: &TenantTransaction| Ok::<_, tenant_seaorm::Error>(sum_of(tx, mood).await?);
        self.transaction(scope, run).await.unwrap()
    }

    async fn raise(&self, scope: &TenantScope<Verified>, by: i64) -> u64 {
        let tx = self.begin(scope).await.unwrap();
        let raised = raise_all(&tx, by).await.unwrap();
        tx.commit().await.unwrap();
        raised
    }

    async fn nearly_remove(&self, scope: &TenantScope<Verified>, name: &str) {
        let tx = self.begin(scope).await.unwrap();
        let nested = tx.begin().await.unwrap();
        remove(&nested, name).await.unwrap();
        nested.rollback().await.unwrap();
        let kept = tx.begin().await.unwrap();
        raise_all(&kept, 0).await.unwrap();
        kept.commit().await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn plans(&self, scope: &TenantScope<Verified>) -> Vec<String> {
        let tx = self.begin(scope).await.unwrap();
        let names = plan_names(&tx).await.unwrap();
        let same = tx.shared().all(plan::Entity::find()).await.unwrap();
        assert_eq!(same.len(), names.len());
        tx.commit().await.unwrap();
        names
    }

    async fn order_for(&self, scope: &TenantScope<Verified>, customer: i64) -> Result<(), String> {
        let tx = self.begin(scope).await.unwrap();
        let order =
            order::ActiveModel { customer_id: Set(customer), total: Set(1), ..Default::default() };
        let made = order.insert(&tx).await.map(drop).map_err(|error| error.to_string());
        tx.rollback().await.unwrap();
        made
    }
}
