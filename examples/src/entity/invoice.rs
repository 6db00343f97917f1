use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub invoice_id: i32,
    pub customer_id: i32,
    pub invoice_date: DateTime,
    pub billing_city: Option<String>,
    pub billing_country: Option<String>,
    pub total: Decimal,
    pub tenant_id: Uuid,
    #[sea_orm(belongs_to, from = "customer_id", to = "customer_id")]
    pub customer: BelongsTo<super::customer::Entity>,
    #[sea_orm(has_many)]
    pub lines: HasMany<super::invoice_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
