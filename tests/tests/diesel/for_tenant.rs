//! `.for_tenant(&tx)`: the same rows, and a plan that knows whose they are.

use diesel::{debug_query, pg::Pg, sql_types::BigInt};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use proptest::prelude::*;
use tenant_diesel::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, TenantDb, TenantId, TenantRecord,
    TenantScope, TenantTransaction, blocking, prelude::*, sql_query,
};
use tenant_testkit::TestDatabase;
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, invoices, plans, projects};

async fn open() -> (Shop, TenantDb) {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    (shop, db)
}

async fn begin(shop: &Shop, db: &TenantDb, tenant: &TenantId) -> TenantTransaction {
    db.begin(&shop.scope(tenant).await).await.unwrap()
}

#[tokio::test]
async fn the_rows_are_the_same_with_it_and_without() -> QueryResult<()> {
    let (shop, db) = open().await;
    let mut tx = begin(&shop, &db, &shop.a).await;
    let tx = &mut tx;
    macro_rules! same {
        ($query:expr, $row:ty, $count:literal) => {
            let with: Vec<$row> = $query.for_tenant(tx).load(tx).await?;
            let without: Vec<$row> = $query.load(tx).await?;
            assert_eq!(with, without);
            assert_eq!(with.len(), $count);
        };
    }
    let ids = || invoices::table.select(invoices::id).order(invoices::id);
    same!(projects::table.select(projects::name), String, 1);
    same!(ids(), i64, 5);
    same!(ids().filter(invoices::amount.gt(2)).limit(2), i64, 2);
    same!(ids().filter(invoices::amount.gt(2)).or_filter(invoices::amount.eq(1)), i64, 4);
    same!(ids().filter(invoices::amount.gt(2)).into_boxed(), i64, 3);
    same!(invoices::table.count(), i64, 1);
    same!(
        invoices::table.group_by(invoices::amount).select(invoices::amount).order(invoices::amount),
        i32,
        5
    );
    // Of both sides, of the tenant's one, and of the left one.
    let joined = || invoices::table.inner_join(projects::table).order(invoices::id);
    same!(joined().select((invoices::id, projects::name)), (i64, String), 5);
    let shared = || plans::table.inner_join(invoices::table).order(invoices::id);
    same!(shared().select((invoices::id, plans::name)), (i64, String), 5);
    let three = || invoices::table.inner_join(plans::table).inner_join(projects::table);
    same!(three().select(invoices::id).order(invoices::id), i64, 5);
    let left = || projects::table.left_join(invoices::table.on(invoices::amount.gt(99)));
    same!(left().select((projects::name, invoices::id.nullable())), (String, Option<i64>), 1);
    Ok(())
}

#[tokio::test]
async fn writes_take_it_too() -> QueryResult<()> {
    let (shop, db) = open().await;
    let mut tx = begin(&shop, &db, &shop.a).await;
    let query = diesel::update(invoices::table.filter(invoices::amount.gt(3)))
        .set(invoices::amount.eq(77))
        .for_tenant(&tx);
    let sql = debug_query::<Pg, _>(&query).to_string();
    assert!(sql.contains(&format!(r#""invoices"."tenant_id" = '{}'::uuid"#, shop.a)), "{sql}");
    assert_eq!(query.execute(&mut tx).await?, 2);
    let query = diesel::delete(invoices::table).filter(invoices::amount.eq(77)).for_tenant(&tx);
    let gone: Vec<i64> = query.returning(invoices::id).get_results(&mut tx).await?;
    assert_eq!(gone.len(), 2);
    tx.commit().await.unwrap();
    assert_eq!(shop.count("invoices").await, 8, "nobody else's");
    Ok(())
}

/// The literal alone narrows, and alone can be undone by an OR; row security cannot.
#[tokio::test]
async fn it_narrows_and_row_security_alone_holds() -> QueryResult<()> {
    let (shop, db) = open().await;
    let of_b = begin(&shop, &db, &shop.b).await;
    let mut of_a = begin(&shop, &db, &shop.a).await;
    let count = || invoices::table.count();
    let n: i64 = count().for_tenant(&of_b).get_result(&mut of_a).await?;
    assert_eq!(n, 0, "another tenant's rows stay unseen");
    let widened = || count().for_tenant(&of_b).or_filter(invoices::amount.gt(0));
    let n: i64 = widened().get_result(&mut of_a).await?;
    assert_eq!(n, 5, "a's own, as without the predicate");
    // The twin: whom no policy holds.
    let mut superuser = AsyncPgConnection::establish(&shop.database.superuser_url()).await.unwrap();
    let (alone, with_or): (i64, i64) = (
        diesel_async::RunQueryDsl::get_result(count().for_tenant(&of_b), &mut superuser).await?,
        diesel_async::RunQueryDsl::get_result(widened(), &mut superuser).await?,
    );
    assert_eq!((alone, with_or), (5, 10));
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test]
async fn no_statement_of_one_tenant_stays_prepared() -> QueryResult<()> {
    let (shop, db) = open().await;
    let mut tx = begin(&shop, &db, &shop.a).await;
    let prepared = async |tx: &mut TenantTransaction| -> QueryResult<i64> {
        let sql = "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE 'SELECT \"invoices\"%'";
        let rows: Vec<Count> = sql_query(sql).load(tx).await?;
        Ok(rows[0].n)
    };
    let query = || invoices::table.select(invoices::amount);
    for _ in 0..3 {
        let _: Vec<i32> = query().for_tenant(&tx).load(&mut tx).await?;
    }
    assert_eq!(prepared(&mut tx).await?, 0);
    let _: Vec<i32> = query().load(&mut tx).await?;
    assert_eq!(prepared(&mut tx).await?, 1, "the twin: without it, it is kept");
    Ok(())
}

mod logs {
    diesel::table! { entries (id) { id -> Int8, } }
    diesel::table! { #[sql_name = "Odd \" table"] odd (id) { id -> Int8, } }
    tenant_diesel::tenancy! {
        pub(super) static TENANCY;
        key text;
        tenant { entries, odd["the \" tenant"] }
        shared {}
    }
}
use logs::entries;

/// A table in 64 partitions by tenant, and the plan of a query on it.
#[tokio::test]
async fn the_plan_reads_one_partition_of_64() {
    let database = TestDatabase::create().await.unwrap();
    let mut sql = String::from(
        r#"CREATE TABLE entries (tenant_id text NOT NULL, id bigint, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
           CREATE TABLE "Odd "" table" (id bigint);
           CREATE FUNCTION plan_of(q text) RETURNS SETOF text LANGUAGE plpgsql AS
             $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || q; END $$;"#,
    );
    for n in 0..64 {
        sql.push_str(&format!(
            "CREATE TABLE entries_{n} PARTITION OF entries FOR VALUES WITH (MODULUS 64, REMAINDER {n});"
        ));
    }
    database.session().batch(&sql).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&logs::TENANCY, &layout).unwrap()).await.unwrap();
    let db = TenantDb::connect(database.url(layout.roles().login()), &logs::TENANCY).await.unwrap();
    let tx = db.begin(&named("o'neil").await).await.unwrap();
    let query = entries::table.select(entries::id);
    for (sql, partitions) in [
        (debug_query::<Pg, _>(&query.for_tenant(&tx)).to_string(), 1),
        (debug_query::<Pg, _>(&query).to_string(), 64),
    ] {
        let sql = sql.split(" -- ").next().unwrap();
        // As the application's role, whose plan has the policies in it.
        let session = database.session().dedicated().await.unwrap();
        session.batch(&format!("SET ROLE {}_tenant", database.name())).await.unwrap();
        session.batch("SET app.current_tenant_id = 'o''neil'").await.unwrap();
        let rows = format!(
            "SELECT p AS line FROM public.plan_of({}) AS p",
            tenant_core::quote_literal(sql)
        );
        let plan = session.rows(&rows, &[]).await.unwrap();
        let scans =
            plan.iter().filter(|row| row["line"].as_str().unwrap().contains(" on entries_"));
        assert_eq!(
            scans.filter(|row| !row["line"].as_str().unwrap().contains("Bitmap Index")).count(),
            partitions,
            "{plan:?}"
        );
    }
}

async fn named(tenant: &str) -> TenantScope<tenant_diesel::Verified> {
    let id = TenantId::try_from(tenant).unwrap();
    let claim = TenantScope::claim(id.clone(), Principal::System("test".into()));
    claim.verify(&StaticRegistry::new([TenantRecord::new(id, "some")])).await.unwrap()
}

proptest! {
    /// Whatever a tenant is called, its literal is one literal, and stands behind the column.
    #[test]
    fn a_hostile_tenant_stays_inside_its_literal(text in r#"(['"\\;$?]|\PC){1,60}"#) {
        let literal = TenantId::try_from(text.as_str()).unwrap().sql_literal();
        let query = logs::odd::table.select(logs::odd::id);
        let query = diesel::QueryDsl::filter(query, tenant_diesel::TenantIs::<logs::odd::table>::new(&literal));
        let sql = debug_query::<Pg, _>(&query).to_string();
        let expected = format!(
            r#"WHERE "Odd "" table"."the "" tenant" = {}::text"#,
            tenant_core::quote_literal(&text)
        );
        prop_assert!(sql.contains(&expected), "{} in {}", expected, sql);
    }
}

#[test]
fn blocking_takes_it_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shop = runtime.block_on(Shop::open(&TENANCY));
    let scope = runtime.block_on(shop.scope(&shop.a));
    let db = blocking::TenantDb::connect(shop.url(), &TENANCY).unwrap();
    let mut tx = db.begin(&scope).unwrap();
    let query = invoices::table.filter(invoices::amount.gt(2)).for_tenant(&tx);
    let n: i64 = blocking::RunQueryDsl::get_result(query.count(), &mut tx).unwrap();
    assert_eq!(n, 3);
}
