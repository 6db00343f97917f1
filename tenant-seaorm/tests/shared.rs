//! The shared handle: what runs on it, and that what its types cannot see is refused before it is
//! sent, and by the database's grants where nobody looks.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{
    A, World,
    entity::{company, customer, feature, invoice, plan, plan_feature, undeclared},
    scope,
};
use futures_util::TryStreamExt as _;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, DbErr, DerivePartialModel, EntityTrait, FromQueryResult, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _, Select,
    sea_query::{Alias, Expr, Order, Query, SelectStatement, SubQueryStatement},
};
use tenant_seaorm::{Error, SharedTransaction, TenantDb};

#[derive(Debug, PartialEq, FromQueryResult)]
struct Named {
    name: String,
}

#[derive(Debug, PartialEq, DerivePartialModel)]
#[sea_orm(entity = "plan::Entity")]
struct PlanName {
    name: String,
}

#[tokio::test]
async fn shared_tables_are_read_in_all_of_the_orms_ways() {
    let world = World::new().await;
    let db = world.connect().await;
    let shared = db.shared().await.unwrap();
    let plans = || plan::Entity::find().order_by_asc(plan::Column::Id);

    let all = shared.all(plans()).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(shared.one(plan::Entity::find_by_id(2)).await.unwrap().unwrap().name, "pro");
    let two = plans().find_also_related(company::Entity);
    assert_eq!(shared.all(two).await.unwrap().len(), 2);
    let many = shared.all(plans().find_with_related(company::Entity)).await.unwrap();
    assert_eq!(many[0].1[0].name, "acme");
    let three = plans().find_also_related(company::Entity).find_also_related(feature::Entity);
    assert_eq!(shared.all(three.clone()).await.unwrap().len(), 3);
    assert_eq!(shared.all(three.consolidate()).await.unwrap()[1].2.len(), 2);

    assert_eq!(shared.query(plans()).unwrap().count().await.unwrap(), 2);
    assert!(shared.query(plans()).unwrap().exists().await.unwrap());
    let pages = shared.query(plans()).unwrap().paginate(1);
    assert_eq!(pages.num_pages().await.unwrap(), 2);
    assert_eq!(pages.fetch_page(1).await.unwrap()[0].name, "pro");
    let rows = shared.query(plan::Entity::find()).unwrap().cursor_by(plan::Column::Id);
    assert_eq!(rows.after(1).first(5).all().await.unwrap().len(), 1);
    let names = || plans().select_only().column(plan::Column::Name);
    let tuples = shared.query(names()).unwrap().into_tuple::<String>();
    assert_eq!(tuples.all().await.unwrap(), ["free", "pro"]);
    let models = shared.query(names()).unwrap().into_model::<Named>().one().await.unwrap();
    assert_eq!(models.unwrap().name, "free");
    let partial = shared.query(plans()).unwrap().into_partial_model::<PlanName>().unwrap();
    assert_eq!(partial.all().await.unwrap().len(), 2);
    let stream = shared.query(plans()).unwrap().stream().await.unwrap();
    assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap().len(), 2);

    let companies = shared.load_many(&all, company::Entity::find()).await.unwrap();
    assert_eq!(companies[0].len(), 1);
    let of = shared.all(company::Entity::find()).await.unwrap();
    assert!(shared.load_one(&of, plan::Entity).await.unwrap().iter().all(Option::is_some));
    let features = shared.load_many_to_many(&all, feature::Entity, plan_feature::Entity).await;
    assert_eq!(features.unwrap()[1].len(), 2);
    shared.commit().await.unwrap();
}

#[tokio::test]
async fn shared_tables_are_written_on_their_own_handle() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let shared = db.shared().await.unwrap();
    let plan = |id, name: &str| plan::ActiveModel { id: Set(id), name: Set(name.to_owned()) };
    assert_eq!(shared.insert(plan(3, "team")).await.unwrap().id, 3);
    assert_eq!(shared.update(plan(3, "crew")).await.unwrap().name, "crew");
    let saved = feature::ActiveModel { name: Set("audit".to_owned()), ..Default::default() };
    assert!(shared.save(saved).await.unwrap().id.as_ref() > &0);
    shared.exec(plan::Entity::insert(plan(4, "a"))).await.unwrap();
    let many = plan::Entity::insert_many([plan(5, "b"), plan(6, "c")]);
    assert_eq!(shared.exec(many).await.unwrap().last_insert_id, Some(6));
    let many = plan::Entity::insert_many([plan(7, "d"), plan(8, "e")]);
    assert_eq!(shared.exec_with_returning(many).await.unwrap().len(), 2);
    let raised = plan::Entity::update_many()
        .col_expr(plan::Column::Name, Expr::value("z"))
        .filter(plan::Column::Id.gt(6));
    assert_eq!(shared.exec(raised).await.unwrap().rows_affected, 2);
    assert_eq!(shared.exec(plan::Entity::update(plan(6, "y"))).await.unwrap().name, "y");
    let gone = plan::Entity::delete_many().filter(plan::Column::Id.gt(6));
    assert_eq!(shared.exec_with_returning(gone).await.unwrap().len(), 2);
    assert_eq!(shared.exec(plan::Entity::delete_by_id(6)).await.unwrap().rows_affected, 1);
    assert_eq!(shared.delete(plan(5, "b")).await.unwrap().rows_affected, 1);
    shared.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM plan").await, 4);

    let shared = db.shared().await.unwrap();
    shared.insert(plan(9, "lost")).await.unwrap();
    shared.rollback().await.unwrap();
    let shared = db.shared().await.unwrap();
    shared.insert(plan(9, "dropped")).await.unwrap();
    drop(shared);
    world.settled().await;
    assert_eq!(world.number("SELECT count(*) FROM plan").await, 4);
}

#[tokio::test]
async fn a_tenants_transaction_reads_shared_tables_and_cannot_write_them() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    assert_eq!(tx.shared().all(plan::Entity::find()).await.unwrap().len(), 2);
    let written = tx.shared().exec(plan::Entity::delete_many()).await.unwrap_err();
    assert!(matches!(Error::from(written), Error::PermissionDenied { .. }));
    tx.rollback().await.unwrap();
}

fn invoices() -> SelectStatement {
    Query::select().column(invoice::Column::Id).from(invoice::Entity).limit(1).to_owned()
}

fn subquery() -> Expr {
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(invoices())))
}

/// Queries of shared entities by their types, which reach a tenant's table all the same.
fn smuggled() -> Vec<(&'static str, Select<company::Entity>)> {
    let find = || company::Entity::find();
    vec![
        ("join", find().join(JoinType::LeftJoin, company::Relation::Invoice.def())),
        (
            "join under an alias",
            find().join_as(JoinType::LeftJoin, company::Relation::Invoice.def(), Alias::new("x")),
        ),
        ("left_join of a related entity", find().left_join(invoice::Entity)),
        ("IN (subquery)", find().filter(company::Column::PlanId.in_subquery(invoices()))),
        ("EXISTS", find().filter(Expr::exists(invoices()))),
        (
            "EXISTS, two levels deep",
            find().filter(Expr::exists(
                Query::select()
                    .column(plan::Column::Id)
                    .from(plan::Entity)
                    .and_where(Expr::exists(invoices()))
                    .to_owned(),
            )),
        ),
        ("a scalar subquery", find().expr_as(subquery(), "x")),
        ("ORDER BY", find().order_by(subquery(), Order::Asc)),
        ("HAVING", find().group_by(company::Column::Id).having(Expr::exists(invoices()))),
        (
            "a join's condition",
            find().join(
                JoinType::LeftJoin,
                company::Relation::Plan
                    .def()
                    .on_condition(|_, _| Condition::all().add(Expr::exists(invoices()))),
            ),
        ),
        ("custom SQL", find().filter(Expr::cust("(SELECT count(*) FROM invoice) >= 0"))),
        (
            "custom SQL in capitals, with a comment",
            find().filter(Expr::cust("(SELECT count(*) FROM/**/INVOICE) >= 0")),
        ),
        ("FROM", {
            let mut query = find();
            sea_orm::QueryTrait::query(&mut query).from(customer::Entity);
            query
        }),
        ("a common table expression", {
            let table = sea_orm::sea_query::CommonTableExpression::new()
                .query(invoices())
                .table_name("invoice")
                .to_owned();
            let with = sea_orm::sea_query::WithClause::new().cte(table).to_owned();
            let mut query = find();
            sea_orm::QueryTrait::query(&mut query).with_cte(with);
            query.filter(Expr::cust("EXISTS (SELECT 1 FROM invoice)"))
        }),
    ]
}

async fn refused(shared: &SharedTransaction, name: &str, query: Select<company::Entity>) {
    let error = match shared.all(query).await {
        Ok(rows) => panic!("{name}: ran and gave {} rows", rows.len()),
        Err(error) => error,
    };
    let found = Error::find(&error);
    assert!(matches!(found, Some(Error::TenantTable { .. })), "{name}: {error}");
}

/// Attack (types): a tenant's table in a subquery, a join, an alias, on a shared handle
/// (SeaORM).
#[tokio::test]
async fn what_the_types_cannot_see_is_refused_before_it_is_sent() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    let shared = db.shared().await.unwrap();
    proxy.reset();
    for (name, query) in smuggled() {
        refused(&shared, name, query).await;
    }
    let update = plan::Entity::update_many().col_expr(plan::Column::Id, subquery());
    let delete = plan::Entity::delete_many().filter(Expr::exists(invoices()));
    for error in [
        shared.exec(update).await.unwrap_err(),
        shared.exec(delete).await.unwrap_err(),
        shared.query(company::Entity::find().left_join(invoice::Entity)).unwrap_err(),
        shared
            .load_many(
                &[plan::Model { id: 1, name: String::new() }],
                company::Entity::find().filter(Expr::exists(invoices())),
            )
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(Error::find(&error), Some(Error::TenantTable { .. })), "{error}");
    }
    assert_eq!(proxy.round_trips(), 0, "{:?}", proxy.messages());
    // Nothing was sent, so the transaction goes on.
    assert_eq!(shared.all(company::Entity::find()).await.unwrap().len(), 2);
    shared.commit().await.unwrap();
}

#[tokio::test]
async fn an_undeclared_table_is_refused_before_it_is_sent() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let shared = db.shared().await.unwrap();
    let strangers = || Query::select().expr(Expr::val(1)).from(undeclared::Entity).to_owned();
    let error =
        shared.all(company::Entity::find().filter(Expr::exists(strangers()))).await.unwrap_err();
    assert!(
        matches!(Error::find(&error), Some(Error::TenantTable { table }) if table == "undeclared"),
        "{error}"
    );
    shared.commit().await.unwrap();
}

/// Attack (roles): the same with the check switched off (SeaORM).
/// Wall 2 by itself.
#[tokio::test]
async fn with_the_look_switched_off_the_grants_refuse_it_all_the_same() {
    let world = World::new().await;
    let db = World::one()
        .without_shared_audit_unchecked("shows that the grants hold")
        .connect(world.url())
        .await
        .unwrap();
    for (name, query) in smuggled() {
        let shared = db.shared().await.unwrap();
        let error = match shared.all(query).await {
            Ok(rows) => panic!("{name}: ran and gave {} rows", rows.len()),
            Err(error) => Error::from(error),
        };
        assert!(matches!(error, Error::PermissionDenied { .. }), "{name}: {error}");
    }
    let shared = db.shared().await.unwrap();
    let stranger = Query::select().expr(Expr::val(1)).from(undeclared::Entity).to_owned();
    let error = shared.all(company::Entity::find().filter(Expr::exists(stranger))).await;
    assert!(matches!(Error::from(error.unwrap_err()), Error::PermissionDenied { .. }));
}

/// The twin: where the grants are there and nobody looks, the same queries do reach the table.
#[tokio::test]
async fn without_either_wall_the_same_queries_reach_the_table() {
    let world = World::new().await;
    let db = sea_orm::Database::connect(world.db.superuser_url()).await.unwrap();
    for (name, query) in smuggled() {
        // `ORDER BY` and the like are valid queries, not queries that fail for another reason.
        let ran: Result<_, DbErr> = query.all(&db).await;
        assert!(ran.is_ok(), "{name}: {ran:?}");
    }
}

/// A hook of a shared entity that reads a tenant's table gets nothing, either.
#[allow(unreachable_pub)]
mod hooked {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, _: bool) -> Result<Self, DbErr> {
            super::invoice::Entity::find().all(db).await?;
            Ok(self)
        }
    }
}

tenant_seaorm::tenancy! {
    static WITH_HOOK;
    tenant {}
    shared { hooked }
}

/// Attack (types): a tenant's table in an entity's hook (SeaORM).
#[tokio::test]
async fn a_hook_of_a_shared_entity_cannot_reach_a_tenants_table() {
    assert!(WITH_HOOK.check().is_ok());
    let world = World::new().await;
    let db: TenantDb = world.connect_one().await;
    let shared = db.shared().await.unwrap();
    let row = hooked::ActiveModel { id: Set(50), name: Set("x".to_owned()) };
    let error = shared.insert(row).await.unwrap_err();
    assert!(matches!(Error::find(&error), Some(Error::TenantTable { .. })), "{error}");
}
