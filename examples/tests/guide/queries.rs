//! Queries that the documents quote, in both ORMs, compiled and never run.

#![allow(dead_code, unused_variables, clippy::all, clippy::pedantic)] // they are fragments

mod in_diesel {
    use diesel::sql_types::{BigInt, Text};
    use tenant_diesel::{TenantTransaction, prelude::*};

    mod schema {
        diesel::table! { items (id) { id -> Int8, done -> Bool, } }
        diesel::table! { notes (id) { id -> Int8, body -> Text, } }
    }
    use schema::{items, notes};

    tenant_diesel::tenancy! {
        static TENANCY;
        tenant { schema::items, schema::notes }
        shared {}
    }

    /// `docs/citus.md`
    async fn narrowed(tx: &mut TenantTransaction) -> QueryResult<Vec<(i64, bool)>> {
        items::table.filter(items::done.eq(false)).for_tenant(tx).load(tx).await
    }

    // `docs/predicates.md`
    diesel::define_sql_function! {
        #[sql_name = "tenancy.search_notes"]
        fn search_notes(words: Text, most: BigInt) -> BigInt;
    }

    async fn search(tx: &mut TenantTransaction) -> QueryResult<Vec<(i64, String)>> {
        let found = diesel::select(search_notes("whale", 50));
        notes::table.filter(notes::id.eq_any(found)).load(tx).await
    }
}

mod in_seaorm {
    use sea_orm::{
        ColumnTrait, DbErr, EntityTrait, QueryFilter, Value,
        sea_query::{Expr, Query},
    };
    use tenant_seaorm::{ForTenant as _, TenantTransaction};

    #[allow(unreachable_pub, reason = "what the derive makes is public")]
    mod item {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "items")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i64,
            pub done: bool,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }

    #[allow(unreachable_pub, reason = "what the derive makes is public")]
    mod note {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "notes")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i64,
            pub body: String,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }

    tenant_seaorm::tenancy! {
        static TENANCY;
        tenant { item, note }
        shared {}
    }

    /// `docs/citus.md`
    async fn narrowed(tx: &TenantTransaction) -> Result<Vec<item::Model>, DbErr> {
        item::Entity::find().filter(item::Column::Done.eq(false)).for_tenant(tx).all(tx).await
    }

    /// `docs/predicates.md`
    async fn search(tx: &TenantTransaction) -> Result<Vec<note::Model>, DbErr> {
        let asked = [Value::from("whale"), Value::from(50_i64)];
        let found = Query::select()
            .expr(Expr::cust_with_values("tenancy.search_notes($1, $2)", asked))
            .to_owned();
        note::Entity::find().filter(note::Column::Id.in_subquery(found)).all(tx).await
    }
}
