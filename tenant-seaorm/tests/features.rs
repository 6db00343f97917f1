//! Everything that SeaORM users do works on a tenant's transaction, on that tenant's rows.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{
    A, B, World,
    entity::{customer, invoice, line_item, plan},
    scope, tenant_of,
};
use futures_util::TryStreamExt as _;
use sea_orm::{
    AccessMode, ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbBackend, DbErr, EntityLoaderTrait as _, EntityTrait as _,
    FromQueryResult, IntoActiveModel as _, IsolationLevel, LoaderTrait as _, ModelTrait as _,
    PaginatorTrait as _, QueryOrder as _, QuerySelect as _, SelectExt as _, Statement, StreamTrait,
    TransactionOptions, TransactionSession, TransactionTrait,
    sea_query::{Expr, OnConflict},
};
use tenant_seaorm::{Error, Pooler, TenantTransaction};

fn new_invoice(customer: i32, amount: i32) -> invoice::ActiveModel {
    invoice::ActiveModel { customer_id: Set(customer), amount: Set(amount), ..Default::default() }
}

fn new_customer(name: &str) -> customer::ActiveModel {
    customer::ActiveModel { name: Set(name.to_owned()), ..Default::default() }
}

#[tokio::test]
async fn queries_without_a_filter_see_one_tenant() {
    let world = World::new().await;
    let db = world.connect().await;
    for (id, amounts) in [(A, vec![100, 200]), (B, vec![900])] {
        let tx = db.begin(&scope(id).await).await.unwrap();
        let found = invoice::Entity::find().order_by_asc(invoice::Column::Id).all(&tx).await;
        let found: Vec<i32> = found.unwrap().into_iter().map(|i| i.amount).collect();
        assert_eq!(found, amounts);
        assert_eq!(invoice::Entity::find().count(&tx).await.unwrap(), amounts.len() as u64);
        assert!(invoice::Entity::find().exists(&tx).await.unwrap());
        assert_eq!(tx.tenant_id().as_uuid(), Some(id));
        assert_eq!(tenant_of(&tx).await, id.to_string());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn pages_cursors_and_streams_see_one_tenant() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let all = || invoice::Entity::find().order_by_asc(invoice::Column::Id);

    let pages = all().paginate(&tx, 1);
    assert_eq!(pages.num_pages().await.unwrap(), 2);
    assert_eq!(pages.fetch_page(1).await.unwrap()[0].amount, 200);

    let mut cursor = invoice::Entity::find().cursor_by(invoice::Column::Id);
    assert_eq!(cursor.after(0).first(10).all(&tx).await.unwrap().len(), 2);

    let rows: Vec<_> = all().stream(&tx).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);
    // A stream that is dropped half-way leaves the transaction usable.
    let mut stream = all().stream(&tx).await.unwrap();
    assert_eq!(stream.try_next().await.unwrap().unwrap().amount, 100);
    drop(stream);
    assert_eq!(all().all(&tx).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn relations_and_loaders_stay_inside_the_tenant() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();

    let also = customer::Entity::find().find_also_related(invoice::Entity);
    assert_eq!(also.all(&tx).await.unwrap().len(), 2);
    let with = customer::Entity::find().find_with_related(invoice::Entity);
    assert_eq!(with.all(&tx).await.unwrap()[0].1.len(), 2);

    let customers = customer::Entity::find().all(&tx).await.unwrap();
    let many = customers.load_many(invoice::Entity, &tx).await.unwrap();
    assert_eq!(many[0].len(), 2);
    let invoices = invoice::Entity::find().all(&tx).await.unwrap();
    let one = invoices.load_one(customer::Entity, &tx).await.unwrap();
    assert!(one.iter().all(Option::is_some));
    let related = customers[0].find_related(invoice::Entity).all(&tx).await.unwrap();
    assert_eq!(related.len(), 2);

    let loaded = customer::Entity::load().with((invoice::Entity, line_item::Entity));
    let loaded = loaded.all(&tx).await.unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!(loaded[0].invoices.len(), 2);
    tx.commit().await.unwrap();
}

#[derive(Debug, FromQueryResult)]
struct Total {
    total: Option<i64>,
}

#[tokio::test]
async fn projections_work() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let sum =
        || invoice::Entity::find().select_only().column_as(invoice::Column::Amount.sum(), "total");
    let total = sum().into_model::<Total>().one(&tx).await.unwrap().unwrap();
    assert_eq!(total.total, Some(300));
    let total = sum().into_tuple::<Option<i64>>().one(&tx).await.unwrap();
    assert_eq!(total, Some(Some(300)));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn writes_get_the_tenant_by_themselves() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();

    let made = new_customer("new").insert(&tx).await.unwrap();
    assert_eq!(made.tenant_id, A);
    let mut renamed = made.clone().into_active_model();
    renamed.name = Set("renamed".to_owned());
    assert_eq!(renamed.update(&tx).await.unwrap().name, "renamed");
    let saved = new_customer("saved").save(&tx).await.unwrap();
    assert_eq!(saved.tenant_id.as_ref(), &A);
    assert_eq!(saved.delete(&tx).await.unwrap().rows_affected, 1);

    let rows = [1, 2, 3].map(|amount| new_invoice(made.id, amount));
    let rows = invoice::Entity::insert_many(rows).exec_with_returning(&tx).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.tenant_id == A));
    let rows = [4, 5].map(|amount| new_invoice(made.id, amount));
    let last = invoice::Entity::insert_many(rows).exec(&tx).await.unwrap();
    assert!(last.last_insert_id.is_some());
    let again = customer::ActiveModel {
        id: Set(made.id),
        name: Set("upserted".to_owned()),
        ..Default::default()
    };
    let upsert =
        OnConflict::column(customer::Column::Id).update_column(customer::Column::Name).to_owned();
    let upserted = customer::Entity::insert(again).on_conflict(upsert);
    assert_eq!(upserted.exec_with_returning(&tx).await.unwrap().name, "upserted");

    let updated = invoice::Entity::update_many()
        .col_expr(invoice::Column::Amount, Expr::value(0))
        .exec(&tx)
        .await
        .unwrap();
    assert_eq!(updated.rows_affected, 7, "two of A's own, five new ones, none of B's");
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM invoice WHERE amount = 0").await, 7);
    assert_eq!(world.number("SELECT count(*) FROM invoice WHERE amount = 900").await, 1);
}

#[tokio::test]
async fn deletes_without_a_filter_spare_other_tenants() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let deleted = invoice::Entity::delete_many().exec(&tx).await.unwrap();
    assert_eq!(deleted.rows_affected, 2);
    let strangers = invoice::Entity::delete_by_id(3).exec(&tx).await.unwrap();
    assert_eq!(strangers.rows_affected, 0);
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM invoice").await, 1);
}

#[tokio::test]
async fn a_graph_of_active_models_is_saved_in_one_go() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let line = line_item::ActiveModel::builder().set_sku("sku-1");
    let bill = invoice::ActiveModel::builder().set_amount(5).add_line(line);
    let graph = customer::ActiveModel::builder().set_name("graph").add_invoice(bill);
    let saved = graph.save(&tx).await.unwrap();

    let id = *saved.id.as_ref();
    let loaded = customer::Entity::load().filter_by_id(id);
    let loaded = loaded.with((invoice::Entity, line_item::Entity)).one(&tx).await.unwrap().unwrap();
    let invoices: Vec<_> = loaded.invoices.into_iter().collect();
    assert_eq!(invoices[0].lines.len(), 1);
    assert_eq!(invoices[0].tenant_id, A);
    tx.commit().await.unwrap();
}

/// Library code that knows SeaORM's traits only.
async fn generic<C: ConnectionTrait + TransactionTrait>(conn: &C) -> Result<u64, DbErr> {
    let nested = conn.begin().await?;
    new_customer("generic").insert(&nested).await?;
    nested.commit().await?;
    let counted = conn.transaction::<_, u64, DbErr>(|tx| {
        Box::pin(async move { customer::Entity::find().count(tx).await })
    });
    counted.await.map_err(|e| DbErr::Custom(e.to_string()))
}

async fn generic_stream<C: ConnectionTrait + StreamTrait + Send>(conn: &C) -> Result<usize, DbErr> {
    let stream = customer::Entity::find().stream(conn).await?;
    Ok(stream.try_collect::<Vec<_>>().await?.len())
}

#[tokio::test]
async fn code_that_knows_only_the_orms_traits_runs() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    assert_eq!(generic(&tx).await.unwrap(), 2);
    assert_eq!(generic_stream(&tx).await.unwrap(), 2);
    TransactionSession::commit(tx).await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM customer").await, 3);
}

#[tokio::test]
async fn options_are_the_transactions_own() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::Serializable),
        access_mode: Some(AccessMode::ReadOnly),
        ..Default::default()
    };
    let tx = db.begin_with(&scope(A).await, options).await.unwrap();
    let level = tx.raw("SELECT current_setting('transaction_isolation')", []);
    assert_eq!(level.into_tuple::<String>().one().await.unwrap().unwrap(), "serializable");
    assert!(new_customer("x").insert(&tx).await.is_err(), "it is read only");
    tx.rollback().await.unwrap();
}

/// An application's own error, which knows ours.
#[derive(Debug)]
enum Mine {
    Tenant(#[expect(dead_code)] Error),
    No,
}
impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Self::Tenant(error)
    }
}

#[tokio::test]
async fn a_closure_commits_or_rolls_back_and_can_be_spawned() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let verified = scope(A).await;

    let (pool, mine) = (db.clone(), verified.clone());
    let spawned = tokio::spawn(async move {
        pool.transaction(&mine, async |tx: &TenantTransaction| {
            new_customer("committed").insert(tx).await?;
            customer::Entity::find().count(tx).await.map_err(Error::from)
        })
        .await
    });
    assert_eq!(spawned.await.unwrap().unwrap(), 2);

    let refused: Result<(), Mine> = db
        .transaction(&verified, async |tx: &TenantTransaction| {
            new_customer("rolled back").insert(tx).await.map_err(Error::from)?;
            Err(Mine::No)
        })
        .await;
    assert!(matches!(refused, Err(Mine::No)));
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'committed'").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'rolled back'").await, 0);
}

#[tokio::test]
async fn shared_tables_are_read_inside_of_a_tenants_transaction() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    assert_eq!(plan::Entity::find().count(&tx).await.unwrap(), 2);
    assert_eq!(tx.shared().all(plan::Entity::find()).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn raw_sql_is_off_until_it_is_asked_for() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let sql = || Statement::from_string(DbBackend::Postgres, "SELECT 1 AS total");
    let refused = [
        tx.execute_raw(sql()).await.err(),
        tx.query_one_raw(sql()).await.err(),
        tx.query_all_raw(sql()).await.err(),
        tx.execute_unprepared("SELECT 1").await.err(),
        tx.stream_raw(sql()).await.err(),
        Total::find_by_statement(sql()).one(&tx).await.err(),
        invoice::Entity::find().from_raw_sql(sql()).all(&tx).await.err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert!(matches!(Error::find(&error), Some(Error::RawSql { .. })), "{error}");
        assert!(error.to_string().contains("tx.raw("), "{error}");
    }

    let constant =
        tx.raw("SELECT sum(amount) AS total FROM invoice WHERE amount > $1", [100.into()]);
    assert_eq!(constant.into_model::<Total>().one().await.unwrap().unwrap().total, Some(200));
    let all = tx.raw("SELECT amount FROM invoice ORDER BY amount", []);
    assert_eq!(all.into_tuple::<i32>().all().await.unwrap(), [100, 200]);
    let done = tx.raw("UPDATE invoice SET amount = amount + 1", []).execute().await.unwrap();
    assert_eq!(done.rows_affected(), 2);

    let raw = tx.raw_unchecked("this test");
    let made = Statement::from_string(
        DbBackend::Postgres,
        "SELECT sum(amount) AS total FROM invoice".to_owned(),
    );
    let total = Total::find_by_statement(made.clone()).one(&raw).await.unwrap().unwrap();
    assert_eq!(total.total, Some(302));
    let rows: Vec<_> = raw.stream_raw(made).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
    raw.execute_unprepared("SELECT 1; SELECT 2").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT sum(amount) FROM invoice WHERE amount < 900").await, 302);
}

#[tokio::test]
async fn statements_are_measured_as_by_the_orm() {
    let world = World::new().await;
    let (seen, told) = std::sync::mpsc::channel();
    let db = World::one()
        .metric_callback(move |info| {
            let _ = seen.send((info.statement.sql.clone(), info.failed));
        })
        .connect(world.url())
        .await
        .unwrap();
    let tx = db.begin(&scope(A).await).await.unwrap();
    invoice::Entity::find().all(&tx).await.unwrap();
    let stream = invoice::Entity::find().stream(&tx).await.unwrap();
    stream.try_collect::<Vec<_>>().await.unwrap();
    assert!(tx.raw("SELECT 1/0", []).all().await.is_err());
    tx.rollback().await.unwrap();
    let told: Vec<_> = told.try_iter().map(|(sql, failed)| (sql.contains("1/0"), failed)).collect();
    assert_eq!(told, [(false, false), (false, false), (true, true)]);
}

#[tokio::test]
async fn unprepared_statements_leave_no_name_behind() {
    let world = World::new().await;
    for pooler in [Pooler::None, Pooler::Transaction] {
        let db = World::one().pooler(pooler).connect(world.url()).await.unwrap();
        let tx = db.begin(&scope(A).await).await.unwrap();
        invoice::Entity::find().all(&tx).await.unwrap();
        let left = tx.raw("SELECT count(*) > 1 FROM pg_prepared_statements", []);
        let left = left.into_tuple::<bool>().one().await.unwrap().unwrap();
        assert_eq!(left, pooler == Pooler::None);
        tx.commit().await.unwrap();
    }
}
