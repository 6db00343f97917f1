use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "track")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub track_id: i32,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub album_id: Option<i32>,
    pub media_type_id: i32,
    pub genre_id: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub composer: Option<String>,
    pub milliseconds: i32,
    pub bytes: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::album::Entity",
        from = "Column::AlbumId",
        to = "super::album::Column::AlbumId"
    )]
    Album,
    #[sea_orm(
        belongs_to = "super::media_type::Entity",
        from = "Column::MediaTypeId",
        to = "super::media_type::Column::MediaTypeId"
    )]
    MediaType,
    #[sea_orm(
        belongs_to = "super::genre::Entity",
        from = "Column::GenreId",
        to = "super::genre::Column::GenreId"
    )]
    Genre,
}

impl ActiveModelBehavior for ActiveModel {}
