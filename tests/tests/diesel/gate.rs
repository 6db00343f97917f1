//! Queries of every shape that must compile, and run, on each kind of handle.

use diesel::dsl::{count_star, exists, max, not};
use tenant_diesel::{Handle, SharedTransaction, TenantDb, TenantTransaction, prelude::*};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, features, invoices, plans, projects};

diesel::define_sql_function! { fn lower(x: diesel::sql_types::Text) -> diesel::sql_types::Text; }
diesel::alias!(plans as p2: P2);

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = plans)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Plan {
    id: i32,
    name: String,
}

#[derive(Insertable, AsChangeset, Identifiable, Queryable, Clone, Debug, PartialEq)]
#[diesel(table_name = plans)]
struct FullPlan {
    id: i32,
    name: String,
    price: i32,
}

#[derive(Queryable, Identifiable, AsChangeset, Debug)]
#[diesel(table_name = projects)]
struct Project {
    id: i64,
    name: String,
    tenant_id: uuid::Uuid,
}

type JoinedRow = ((i32, String, i32), (i32, i32, String));

#[tokio::test]
async fn reads_of_shared_tables_run_on_a_shared_handle() -> QueryResult<()> {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await?;
    let c = &mut db.shared().await?;

    assert_eq!(plans::table.load::<(i32, String, i32)>(c).await?.len(), 2);
    let selected: Vec<Plan> = plans::table
        .select(Plan::as_select())
        .order((plans::price.desc(), plans::id))
        .limit(3)
        .load(c)
        .await?;
    assert_eq!((selected[0].id, selected[0].name.as_str()), (2, "pro"));
    assert_eq!(plans::table.count().get_result::<i64>(c).await?, 2);
    assert!(plans::table.find(9).first::<(i32, String, i32)>(c).await.optional()?.is_none());
    let filtered: Vec<String> = plans::table
        .filter(lower(plans::name).eq("pro").or(plans::price.gt(3)))
        .filter(plans::name.ilike("%O"))
        .filter(plans::id.eq_any(vec![1, 2]))
        .select(plans::name)
        .distinct()
        .load(c)
        .await?;
    assert_eq!(filtered, ["pro"]);
    let joined: Vec<(i32, String)> = plans::table
        .inner_join(features::table)
        .select((plans::id, features::code))
        .load(c)
        .await?;
    assert_eq!(joined.len(), 3);
    let left: Vec<(i32, Option<String>)> = plans::table
        .left_join(features::table)
        .select((plans::id, features::code.nullable()))
        .load(c)
        .await?;
    assert_eq!(left.len(), 3);
    let both: Vec<JoinedRow> = plans::table.inner_join(features::table).load(c).await?;
    assert_eq!(both.len(), 3);
    let aliased: Vec<(i32, i32)> = plans::table
        .inner_join(p2.on(p2.field(plans::id).eq(plans::id)))
        .select((plans::id, p2.field(plans::id)))
        .load(c)
        .await?;
    assert_eq!(aliased.len(), 2);
    let grouped: Vec<(i32, Option<i32>)> = plans::table
        .group_by(plans::price)
        .select((plans::price, max(plans::id)))
        .having(count_star().gt(0))
        .load(c)
        .await?;
    assert_eq!(grouped.len(), 2);
    let with_features: Vec<i32> = plans::table
        .filter(exists(features::table.filter(features::plan_id.eq(plans::id))))
        .filter(plans::id.eq_any(features::table.select(features::plan_id)))
        .select(plans::id)
        .load(c)
        .await?;
    assert_eq!(with_features.len(), 2);
    assert!(
        diesel::select(exists(plans::table.filter(plans::id.eq(1)))).get_result::<bool>(c).await?
    );
    assert!(
        !diesel::select(not(exists(plans::table.inner_join(features::table))))
            .get_result::<bool>(c)
            .await?
    );
    let ids: Vec<i32> = plans::table.select(plans::id).for_update().skip_locked().load(c).await?;
    assert_eq!(ids.len(), 2);
    let mut union: Vec<i32> = plans::table
        .select(plans::id)
        .union(features::table.select(features::id))
        .gated()
        .load(c)
        .await?;
    union.sort_unstable();
    assert_eq!(union, [1, 2, 3]);
    let boxed: Vec<i32> = plans::table
        .select(plans::id)
        .into_boxed()
        .filter(plans::id.eq(1))
        .scanned()
        .load(c)
        .await?;
    assert_eq!(boxed, [1]);
    Ok(())
}

#[tokio::test]
async fn writes_of_shared_tables_run_on_a_shared_handle() -> QueryResult<()> {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await?;
    let c = &mut db.shared().await?;
    let plan = |id| FullPlan { id, name: "new".into(), price: 4 };

    diesel::insert_into(plans::table)
        .values((plans::id.eq(77), plans::name.eq("n"), plans::price.eq(1)))
        .execute(c)
        .await?;
    diesel::insert_into(plans::table).values(&plan(78)).execute(c).await?;
    let id: i32 = diesel::insert_into(plans::table)
        .values(&vec![plan(79)])
        .returning(plans::id)
        .get_result(c)
        .await?;
    assert_eq!(id, 79);
    diesel::update(plans::table.find(77)).set(plans::price.eq(plans::price + 1)).execute(c).await?;
    diesel::update(
        plans::table.filter(plans::id.eq_any(features::table.select(features::plan_id))),
    )
    .set(plans::name.eq("sold"))
    .execute(c)
    .await?;
    let saved: FullPlan = (&FullPlan { price: 9, ..plan(78) }).save_changes(c).await?;
    assert_eq!(saved.price, 9);
    diesel::insert_into(plans::table)
        .values(&plan(79))
        .on_conflict(plans::id)
        .do_update()
        .set(plans::price.eq(5))
        .scanned()
        .execute(c)
        .await?;
    let gone = diesel::delete(plans::table.filter(plans::id.eq_any([77, 78, 79])))
        .returning(plans::id)
        .get_results::<i32>(c)
        .await?;
    assert_eq!(gone.len(), 3);
    Ok(())
}

#[tokio::test]
async fn every_query_on_declared_tables_runs_in_a_tenants_transaction() -> QueryResult<()> {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await?;
    let scope = shop.scope(&shop.a).await;
    let c = &mut db.begin(&scope).await?;

    let amounts: Vec<(i64, i32)> =
        invoices::table.select((invoices::id, invoices::amount)).load(c).await?;
    assert_eq!(amounts.len(), 5, "the other tenant's five are not seen");
    let named: Vec<(i64, String, String)> = invoices::table
        .inner_join(plans::table)
        .inner_join(projects::table)
        .select((invoices::id, plans::name, projects::name))
        .load(c)
        .await?;
    assert_eq!(named.len(), 5);
    let used: Vec<i32> = plans::table
        .filter(exists(invoices::table.filter(invoices::plan_id.eq(plans::id))))
        .select(plans::id)
        .load(c)
        .await?;
    assert_eq!(used, [1]);
    let boxed: Vec<i64> = invoices::table
        .into_boxed()
        .filter(exists(plans::table.select(plans::id)))
        .select(invoices::id)
        .load(c)
        .await?;
    assert_eq!(boxed.len(), 5);
    let inserted: Project =
        diesel::insert_into(projects::table).values(projects::name.eq("x")).get_result(c).await?;
    assert_eq!(Some(inserted.tenant_id), shop.a.as_uuid(), "the default fills the tenant");
    diesel::insert_into(projects::table)
        .values(projects::name.eq("y"))
        .on_conflict_do_nothing()
        .execute(c)
        .await?;
    let saved: Project = (&Project { name: "z".into(), ..inserted }).save_changes(c).await?;
    assert_eq!(saved.name, "z");
    diesel::update(invoices::table)
        .into_boxed()
        .filter(invoices::id.eq(1))
        .set(invoices::amount.eq(1))
        .execute(c)
        .await?;
    invoices::table
        .select(invoices::note.assume_not_null())
        .filter(invoices::note.is_not_null())
        .insert_into(projects::table)
        .into_columns(projects::name)
        .execute(c)
        .await?;
    let union: Vec<i64> = invoices::table
        .select(invoices::id)
        .union_all(projects::table.select(projects::id))
        .gated()
        .load(c)
        .await?;
    assert_eq!(union.len(), 8);
    assert_eq!(generic(c).await?, 3);
    assert_eq!(generic(&mut c.shared()).await?, 3);
    assert_eq!(shared_only(&mut c.shared()).await?, 3);
    assert_eq!(diesel::delete(invoices::table).execute(c).await?, 5);
    Ok(())
}

/// For any handle: shared tables only.
async fn generic<H: Handle>(c: &mut H) -> QueryResult<usize> {
    let codes: Vec<String> = plans::table
        .inner_join(features::table)
        .filter(plans::id.gt(0))
        .select(features::code)
        .load(c)
        .await?;
    Ok(codes.len())
}

/// For a shared handle of either kind.
async fn shared_only<H: Handle<Mode = tenant_diesel::Shared>>(c: &mut H) -> QueryResult<i64> {
    features::table.count().get_result(c).await
}

#[tokio::test]
async fn transactions_can_be_spawned() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    let task = tokio::spawn(async move {
        let five: i64 = db
            .transaction(&scope, async |tx| -> QueryResult<i64> {
                tx.transaction(async |nested| -> QueryResult<usize> {
                    diesel::insert_into(projects::table)
                        .values(projects::name.eq("nested"))
                        .execute(nested)
                        .await
                })
                .await?;
                invoices::table.count().get_result(tx).await
            })
            .await?;
        QueryResult::Ok(five)
    });
    assert_eq!(task.await.unwrap().unwrap(), 5);
    assert_eq!(shop.count("projects").await, 3);
}

#[tokio::test]
async fn a_stream_gives_the_rows_as_they_come() -> QueryResult<()> {
    use futures_util::TryStreamExt;

    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await?;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await?;
    let mut stream = invoices::table.select(invoices::amount).load_stream::<i32>(&mut tx).await?;
    assert!(stream.try_next().await?.is_some());
    drop(stream);
    let all: Vec<i32> = invoices::table
        .select(invoices::amount)
        .order(invoices::amount)
        .load_stream::<i32>(&mut tx)
        .await?
        .try_collect()
        .await?;
    assert_eq!(all, [1, 2, 3, 4, 5]);
    tx.commit().await?;
    Ok(())
}

/// Signatures that users write.
#[allow(dead_code)]
async fn repository(tx: &mut TenantTransaction, shared: &mut SharedTransaction) -> QueryResult<()> {
    let _: Vec<i64> = invoices::table.select(invoices::id).load(tx).await?;
    let _: Vec<i32> = plans::table.select(plans::id).load(shared).await?;
    Ok(())
}
