use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub invoice_id: i32,
    pub customer_id: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub billing_address: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub billing_city: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub billing_state: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub billing_country: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub billing_postal_code: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::customer::Entity",
        from = "Column::CustomerId",
        to = "super::customer::Column::CustomerId"
    )]
    Customer,
}

impl ActiveModelBehavior for ActiveModel {}
