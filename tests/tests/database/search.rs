//! A search function in a query of either ORM.

use tenant_core::{
    Isolation, Layout, Principal, Search, SearchBy, SqlSession, StaticRegistry, TableName, Tenancy,
    TenantKey, TenantRecord, TenantScope,
};
use tenant_testkit::TestDatabase;

mod schema {
    diesel::table! { notes (id) { id -> Int8, tenant_id -> Int8, body -> Text, } }
}

tenant_diesel::tenancy! { pub(super) static TENANCY; key bigint; tenant { schema::notes } shared {} }

diesel::define_sql_function! {
    #[sql_name = "tenancy.search_notes"]
    fn search_notes(words: diesel::sql_types::Text, most: diesel::sql_types::BigInt) -> diesel::sql_types::BigInt;
}

#[allow(unreachable_pub, reason = "what the derive makes is public")]
mod note {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub tenant_id: i64,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const TABLE: &str = "CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED)";
const ROWS: &str = "INSERT INTO notes (tenant_id, body) VALUES
    (1, 'a white whale'), (1, 'a boat'), (1, 'two whales'), (2, 'my own whale')";

async fn diesel(url: &str, scope: &TenantScope<tenant_core::Verified>) -> Vec<String> {
    use schema::notes;
    use tenant_diesel::prelude::*;

    let db = tenant_diesel::TenantDb::connect(url, &TENANCY).await.unwrap();
    let mut tx = db.begin(scope).await.unwrap();
    let found = diesel::select(search_notes("whale", 50));
    let query = notes::table.filter(notes::id.eq_any(found)).order(notes::id).select(notes::body);
    query.load(&mut tx).await.unwrap()
}

async fn seaorm(url: &str, scope: &TenantScope<tenant_core::Verified>) -> Vec<String> {
    use sea_orm::{
        ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
        sea_query::{Expr, Query, Value},
    };

    let db = tenant_seaorm::TenantDb::connect(url, &TENANCY).await.unwrap();
    let tx = db.begin(scope).await.unwrap();
    let arguments = [Value::from("whale"), Value::from(50_i64)];
    let found = Query::select()
        .expr(Expr::cust_with_values("tenancy.search_notes($1, $2)", arguments))
        .to_owned();
    let query = note::Entity::find().filter(note::Column::Id.in_subquery(found));
    let notes = query.order_by_asc(note::Column::Id).all(&tx).await.unwrap();
    notes.into_iter().map(|note| note.body).collect()
}

#[tokio::test]
async fn both_orms_search_by_a_function_and_find_their_tenants_rows() {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(TABLE).await.unwrap();
    let words = SearchBy::Words { column: "words".into(), configuration: "english".into() };
    let search = Search::new("notes", TableName::new("notes").unwrap(), "id", words);
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("notes"), None);
    let layout = Layout::new(database.name()).unwrap();
    let isolation = Isolation::new(&tenancy, &layout).unwrap().search(search.newest_first("id"));
    database.install(&isolation.unwrap()).await.unwrap();
    database.session().batch(ROWS).await.unwrap();
    let registry = StaticRegistry::new([TenantRecord::new(1, "a"), TenantRecord::new(2, "b")]);
    let url = database.url(&format!("{}_login", database.name()));
    for (tenant, wanted) in [(1, vec!["a white whale", "two whales"]), (2, vec!["my own whale"])] {
        let claim = TenantScope::claim(tenant, Principal::Token);
        let scope = claim.verify(&registry).await.unwrap();
        assert_eq!(diesel(&url, &scope).await, wanted);
        assert_eq!(seaorm(&url, &scope).await, wanted);
    }
}
