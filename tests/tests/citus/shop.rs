//! Items of tenants, and the kinds that all of them share, for both adapters.

pub(crate) mod schema {
    diesel::table! { items (id) { id -> Int8, name -> Text, kind -> Nullable<Int4>, } }
    diesel::table! { kinds (id) { id -> Int4, name -> Text, } }
}

tenant_diesel::tenancy! {
    pub(crate) static TENANCY;
    key bigint;
    tenant { schema::items }
    shared { schema::kinds }
}

pub(crate) mod item {
    #![allow(unreachable_pub)] // as SeaORM derives it

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "items")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub(crate) static ENTITIES;
    key bigint;
    tenant { item }
    shared {}
}

pub(crate) const TABLES: &str = "
    CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE items (tenant_id bigint NOT NULL, id bigint NOT NULL, name text NOT NULL,
        kind int REFERENCES kinds, PRIMARY KEY (tenant_id, id));";

pub(crate) const ROWS: &str = "
    INSERT INTO kinds VALUES (1, 'small');
    INSERT INTO items VALUES (1, 1, 'a', 1), (1, 2, 'b', 1), (2, 1, 'c', NULL);";
