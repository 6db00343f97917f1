use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub job_id: i32,
    /// A `SignedJob`, as JSON.
    pub envelope: String,
    pub outcome: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
