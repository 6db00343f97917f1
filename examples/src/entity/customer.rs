use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub customer_id: i32,
    pub first_name: String,
    pub last_name: String,
    pub company: Option<String>,
    pub country: Option<String>,
    pub email: String,
    pub support_rep_id: Option<i32>,
    pub tenant_id: Uuid,
    #[sea_orm(belongs_to, from = "support_rep_id", to = "employee_id")]
    pub employee: BelongsTo<Option<super::employee::Entity>>,
    #[sea_orm(has_many)]
    pub invoices: HasMany<super::invoice::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
