use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "employee")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub employee_id: i32,
    pub last_name: String,
    pub first_name: String,
    pub title: Option<String>,
    pub reports_to: Option<i32>,
    #[sea_orm(has_many)]
    pub customers: HasMany<super::customer::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
