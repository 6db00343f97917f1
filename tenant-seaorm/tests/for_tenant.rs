//! `.for_tenant(&tx)`: the same rows, and a plan that knows whose they are.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{
    A, B, World,
    entity::{customer, invoice, plan},
    scope,
};
use proptest::prelude::*;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbBackend, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QueryTrait as _, sea_query::Expr,
};
use tenant_seaorm::{
    ForTenant as _, Isolation, Layout, Principal, SqlSession as _, StaticRegistry, TenantDb,
    TenantId, TenantRecord, TenantScope,
};
use tenant_testkit::TestDatabase;

#[tokio::test]
async fn the_rows_are_the_same_with_it_and_without() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let tx = &tx;
    macro_rules! same {
        ($query:expr, $count:literal) => {
            let with = $query.for_tenant(tx).all(tx).await.unwrap();
            assert_eq!(with, $query.all(tx).await.unwrap());
            assert_eq!(with.len(), $count);
        };
    }
    let all = || invoice::Entity::find().order_by_asc(invoice::Column::Id);
    same!(all(), 2);
    same!(all().filter(invoice::Column::Amount.gt(150)), 1);
    same!(all().find_also_related(customer::Entity), 2);
    same!(all().find_both_related(customer::Entity), 2);
    same!(customer::Entity::find().find_with_related(invoice::Entity), 1);
    assert_eq!(all().for_tenant(tx).count(tx).await.unwrap(), 2);
    let both = all().find_both_related(customer::Entity).for_tenant(tx);
    let sql = both.build(DbBackend::Postgres).to_string();
    for table in ["invoice", "customer"] {
        assert!(sql.contains(&format!(r#""{table}"."tenant_id" = ('{A}'::uuid)"#)), "{sql}");
    }
    // A row of the left side without any on the right stays.
    customer::Entity::insert(customer::ActiveModel {
        name: Set("new".into()),
        ..Default::default()
    })
    .exec(tx)
    .await
    .unwrap();
    same!(
        customer::Entity::find()
            .find_also_related(invoice::Entity)
            .order_by_asc(invoice::Column::Id),
        3
    );
}

#[tokio::test]
async fn writes_take_it_too() {
    let world = World::new().await;
    let db = world.connect().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let done = invoice::Entity::update_many()
        .col_expr(invoice::Column::Amount, Expr::value(77))
        .for_tenant(&tx)
        .exec(&tx)
        .await;
    assert_eq!(done.unwrap().rows_affected, 2);
    let one = invoice::Entity::find().for_tenant(&tx).one(&tx).await.unwrap().unwrap();
    let mut one = one.into_active_model();
    one.amount = Set(78);
    let changed = invoice::Entity::update(one).validate().unwrap().for_tenant(&tx).exec(&tx).await;
    assert_eq!(changed.unwrap().amount, 78);
    let gone = invoice::Entity::delete_many()
        .filter(invoice::Column::Amount.eq(78))
        .for_tenant(&tx)
        .exec(&tx)
        .await;
    assert_eq!(gone.unwrap().rows_affected, 1);
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM invoice").await, 2, "nobody else's");
}

/// The literal alone narrows; row security holds what it cannot.
#[tokio::test]
async fn it_narrows_and_row_security_alone_holds() {
    let world = World::new().await;
    let db = world.connect().await;
    let of_a = db.begin(&scope(A).await).await.unwrap();
    let of_b = db.begin(&scope(B).await).await.unwrap();
    let query = || invoice::Entity::find().for_tenant(&of_b);
    assert_eq!(query().count(&of_a).await.unwrap(), 0, "another tenant's rows stay unseen");
    // The twin: whom no policy holds.
    let superuser = sea_orm::Database::connect(world.db.superuser_url()).await.unwrap();
    assert_eq!(query().count(&superuser).await.unwrap(), 1);
    assert_eq!(invoice::Entity::find().count(&superuser).await.unwrap(), 3);
    superuser.close().await.unwrap();
    assert_eq!(plan::Entity::find().count(&of_a).await.unwrap(), 2);
}

#[allow(unreachable_pub)] // as SeaORM derives it
mod entry {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "Odd \" entry", schema_name = "public")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    static ENTRIES;
    key text;
    tenant { entry["the \" tenant"] }
    shared {}
}

async fn named(tenant: &str) -> TenantScope<tenant_seaorm::Verified> {
    let id = TenantId::try_from(tenant).unwrap();
    let claim = TenantScope::claim(id.clone(), Principal::System("test".into()));
    claim.verify(&StaticRegistry::new([TenantRecord::new(id, "some")])).await.unwrap()
}

/// A table in 64 partitions by tenant, and the plan of a query on it.
#[tokio::test]
async fn the_plan_reads_one_partition_of_64() {
    let database = TestDatabase::create().await.unwrap();
    let mut sql = String::from(
        r#"CREATE TABLE "Odd "" entry" ("the "" tenant" text NOT NULL, id bigint, PRIMARY KEY ("the "" tenant", id))
             PARTITION BY HASH ("the "" tenant");
           CREATE FUNCTION plan_of(q text) RETURNS SETOF text LANGUAGE plpgsql AS
             $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || q; END $$;"#,
    );
    for n in 0..64 {
        sql.push_str(&format!(
            r#"CREATE TABLE entry_{n} PARTITION OF "Odd "" entry" FOR VALUES WITH (MODULUS 64, REMAINDER {n});"#
        ));
    }
    database.session().batch(&sql).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&ENTRIES, &layout).unwrap()).await.unwrap();
    let db = TenantDb::connect(database.url(layout.roles().login()), &ENTRIES).await.unwrap();
    // A text with what a driver could take for a parameter.
    let tx = db.begin(&named("o'neil? $1 \\").await).await.unwrap();
    let query = entry::Entity::find;
    assert_eq!(query().for_tenant(&tx).count(&tx).await.unwrap(), 0);
    for (statement, partitions) in [
        (query().for_tenant(&tx).build(DbBackend::Postgres), 1),
        (query().build(DbBackend::Postgres), 64),
    ] {
        // As the application's role, whose plan has the policies in it.
        let session = database.session().dedicated().await.unwrap();
        session.batch(&format!("SET ROLE {}_tenant", database.name())).await.unwrap();
        session.batch("SET app.current_tenant_id = 'another'").await.unwrap();
        let sql = tenant_core::quote_literal(&statement.sql);
        let rows = format!("SELECT p AS line FROM public.plan_of({sql}) AS p");
        let plan = session.rows(&rows, &[]).await.unwrap();
        let lines = plan.iter().map(|row| row["line"].as_str().unwrap());
        let scans = lines.filter(|l| l.contains(" on entry_") && !l.contains("Bitmap Index"));
        assert_eq!(scans.count(), partitions, "{plan:?}");
    }
}

proptest! {
    /// Whatever a tenant is called, its literal is one literal, and stands behind the column.
    #[test]
    fn a_hostile_tenant_stays_inside_its_literal(text in r#"(['"\\;$?]|\PC){1,60}"#) {
        let tenant = TenantId::try_from(text.as_str()).unwrap();
        let is = <sea_orm::Select<entry::Entity> as tenant_seaorm::TenantQuery>::tenant_is(&tenant);
        let statement = entry::Entity::find().filter(is).build(DbBackend::Postgres);
        let expected = format!(
            r#"WHERE "Odd "" entry"."the "" tenant" = ({}::text)"#,
            tenant_core::quote_literal(&text)
        );
        prop_assert!(statement.sql.ends_with(&expected), "{} in {}", expected, statement.sql);
    }
}
