use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "track")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub track_id: i32,
    pub name: String,
    pub album_id: Option<i32>,
    pub media_type_id: i32,
    pub genre_id: Option<i32>,
    pub composer: Option<String>,
    pub milliseconds: i32,
    pub bytes: Option<i32>,
    pub unit_price: Decimal,
    #[sea_orm(belongs_to, from = "album_id", to = "album_id")]
    pub album: BelongsTo<Option<super::album::Entity>>,
    #[sea_orm(belongs_to, from = "genre_id", to = "genre_id")]
    pub genre: BelongsTo<Option<super::genre::Entity>>,
    #[sea_orm(belongs_to, from = "media_type_id", to = "media_type_id")]
    pub media_type: BelongsTo<super::media_type::Entity>,
    #[sea_orm(has_many)]
    pub lines: HasMany<super::invoice_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
