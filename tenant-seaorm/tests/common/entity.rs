//! Two formats on purpose: the dense one, and the compact one of SeaORM 1.

pub mod plan {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        #[sea_orm(has_many)]
        pub companies: HasMany<super::company::Entity>,
    }

    impl Related<super::feature::Entity> for Entity {
        fn to() -> RelationDef {
            super::plan_feature::Relation::Feature.def()
        }
        fn via() -> Option<RelationDef> {
            Some(super::plan_feature::Relation::Plan.def().rev())
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod feature {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "feature")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod plan_feature {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan_feature")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub feature_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::plan::Entity",
            from = "Column::PlanId",
            to = "super::plan::Column::Id"
        )]
        Plan,
        #[sea_orm(
            belongs_to = "super::feature::Entity",
            from = "Column::FeatureId",
            to = "super::feature::Column::Id"
        )]
        Feature,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod company {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "company")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub plan_id: i32,
        #[sea_orm(belongs_to, from = "plan_id", to = "id")]
        pub plan: BelongsTo<super::plan::Entity>,
        #[sea_orm(has_many)]
        pub invoices: HasMany<super::invoice::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod customer {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub tenant_id: Uuid,
        pub name: String,
        #[sea_orm(has_many)]
        pub invoices: HasMany<super::invoice::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod invoice {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invoice")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub tenant_id: Uuid,
        pub customer_id: i32,
        pub amount: i32,
        #[sea_orm(belongs_to, from = "customer_id", to = "id")]
        pub customer: BelongsTo<super::customer::Entity>,
        #[sea_orm(belongs_to, from = "tenant_id", to = "id")]
        pub company: BelongsTo<super::company::Entity>,
        #[sea_orm(has_many)]
        pub lines: HasMany<super::line_item::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod line_item {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "line_item")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub tenant_id: Uuid,
        pub invoice_id: i32,
        pub sku: String,
        #[sea_orm(belongs_to, from = "invoice_id", to = "id")]
        pub invoice: BelongsTo<super::invoice::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// In the database, and nowhere in `tenancy!`.
pub mod undeclared {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "undeclared")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub static TENANCY;
    tenant { customer, invoice, line_item }
    shared { plan, feature, plan_feature, company }
}
