//! A statement that was prepared for one tenant's tables, run for the next tenant on the same
//! connection.

use sea_orm::EntityTrait;
use tenant_core::SqlSession;
use tenant_diesel::{prelude::*, sql_query};

use crate::{
    diesel_app::schema::orders,
    seaorm_app,
    world::{World, schema},
};

async fn two() -> World {
    let world = World::open().await;
    for (id, name) in [(1, "acme"), (2, "globex")] {
        world.schema(name).await;
        world.customer(name, id, name).await;
    }
    world
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Attack (rows): a prepared statement's plan over another tenant's table.
#[tokio::test]
async fn it_is_planned_anew_for_the_next_tenants_tables() {
    let world = two().await;
    // So that row security hides no mistake.
    for name in ["acme", "globex"] {
        let off = format!("ALTER TABLE {name}.customers DISABLE ROW LEVEL SECURITY");
        world.database.session().batch(&off).await.unwrap();
    }
    let (diesel, seaorm) = (world.diesel().await, world.seaorm().await);
    // Beyond the five that PostgreSQL plans anew in any case.
    for _ in 0..12 {
        for (id, name) in [(1, "acme"), (2, "globex")] {
            let scope = schema(id, name).await;
            let mut tx = diesel.begin(&scope).await.unwrap();
            let found: Vec<Name> =
                sql_query("SELECT name FROM customers").load(&mut tx).await.unwrap();
            assert_eq!(found.iter().map(|found| &*found.name).collect::<Vec<_>>(), [name]);
            tx.commit().await.unwrap();
            let tx = seaorm.begin(&scope).await.unwrap();
            let found = seaorm_app::customer::Entity::find().all(&tx).await.unwrap();
            assert_eq!(found.iter().map(|found| &*found.name).collect::<Vec<_>>(), [name]);
            tx.commit().await.unwrap();
        }
    }
}

/// Half-way through a migration of all schemas one has the new column type and the other has not.
/// PostgreSQL refuses the statement whose result has changed; it must not go on being refused.
#[tokio::test]
async fn a_result_of_another_type_is_refused_once_and_the_connection_replaced() {
    let world = two().await;
    let narrow = "ALTER TABLE globex.orders ALTER COLUMN total TYPE numeric";
    world.database.session().batch(narrow).await.unwrap();
    let (a, b) = (schema(1, "acme").await, schema(2, "globex").await);
    let stale = "cached plan must not change result type";

    let db = world.diesel().await;
    let total =
        || sql_query("SELECT coalesce(max(total), 0)::text AS name, max(total) FROM orders");
    let mut tx = db.begin(&a).await.unwrap();
    let _: Name = total().get_result(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin(&b).await.unwrap();
    let error = total().get_result::<Name>(&mut tx).await.map(drop).unwrap_err();
    assert!(error.to_string().contains(stale), "{error}");
    tx.rollback().await.unwrap();
    let mut tx = db.begin(&b).await.unwrap();
    let _: Name = total().get_result(&mut tx).await.unwrap();
    // A nested one that is undone leaves it to the end of the outer one.
    tx.commit().await.unwrap();
    let mut tx = db.begin(&a).await.unwrap();
    let nested = tx.transaction(async |tx| total().get_result::<Name>(tx).await.map(drop)).await;
    assert!(nested.unwrap_err().to_string().contains(stale));
    assert_eq!(orders::table.count().get_result::<i64>(&mut tx).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let mut tx = db.begin(&a).await.unwrap();
    let _: Name = total().get_result(&mut tx).await.unwrap();

    let orm = world.seaorm().await;
    let ask = "SELECT max(total) AS total FROM orders";
    let tx = orm.begin(&a).await.unwrap();
    tx.raw(ask, []).one().await.unwrap();
    tx.commit().await.unwrap();
    let tx = orm.begin(&b).await.unwrap();
    let error = tx.raw(ask, []).one().await.map(drop).unwrap_err();
    assert!(error.to_string().contains(stale), "{error}");
    tx.rollback().await.unwrap();
    let tx = orm.begin(&b).await.unwrap();
    tx.raw(ask, []).one().await.unwrap();
    tx.commit().await.unwrap();
}
