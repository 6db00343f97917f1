use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice_line")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub invoice_line_id: i32,
    pub invoice_id: i32,
    pub track_id: i32,
    pub unit_price: Decimal,
    pub quantity: i32,
    pub tenant_id: Uuid,
    #[sea_orm(belongs_to, from = "invoice_id", to = "invoice_id")]
    pub invoice: BelongsTo<super::invoice::Entity>,
    #[sea_orm(belongs_to, from = "track_id", to = "track_id")]
    pub track: BelongsTo<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
