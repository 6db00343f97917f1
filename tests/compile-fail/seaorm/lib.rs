//! A shop: plans and features are shared, customers and invoices belong to tenants.

pub mod plan {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        #[sea_orm(has_many)]
        pub features: HasMany<super::feature::Entity>,
        #[sea_orm(has_many)]
        pub invoices: HasMany<super::invoice::Entity>,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod feature {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "feature")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub plan_id: i32,
        #[sea_orm(belongs_to, from = "plan_id", to = "id")]
        pub plan: BelongsTo<super::plan::Entity>,
        #[sea_orm(has_many)]
        pub limits: HasMany<super::limit::Entity>,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod limit {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "limit")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub feature_id: i32,
        #[sea_orm(belongs_to, from = "feature_id", to = "id")]
        pub feature: BelongsTo<super::feature::Entity>,
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
        pub plan_id: i32,
        #[sea_orm(belongs_to, from = "plan_id", to = "id")]
        pub plan: BelongsTo<super::plan::Entity>,
        #[sea_orm(has_many)]
        pub lines: HasMany<super::line::Entity>,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod line {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "line")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub invoice_id: i32,
        #[sea_orm(belongs_to, from = "invoice_id", to = "id")]
        pub invoice: BelongsTo<super::invoice::Entity>,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod undeclared {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "undeclared")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub static TENANCY;
    tenant { invoice, line }
    shared { plan, feature, limit }
}
