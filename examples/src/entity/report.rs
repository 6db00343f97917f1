use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub report_id: i32,
    pub status: String,
    pub result: Option<String>,
    pub tenant_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
