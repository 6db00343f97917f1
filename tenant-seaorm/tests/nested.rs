//! Nested transactions: kept or lost by themselves, and never in silence.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{
    A, B, World,
    entity::invoice,
    pooled::{behind_proxy, count, drop_in_flight, is_closed, named, next_is_clean, plain},
    scope, tenant_of,
};
use sea_orm::{
    AccessMode, ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, DbErr,
    EntityTrait as _, IsolationLevel, PaginatorTrait as _, TransactionOptions,
    TransactionTrait as _,
};
use tenant_seaorm::Error;

#[tokio::test]
async fn nested_transactions_keep_or_lose_their_own_rows() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();

    let kept = tx.begin().await.unwrap();
    named("kept").insert(&kept).await.unwrap();
    let lost = kept.begin().await.unwrap();
    named("lost").insert(&lost).await.unwrap();
    lost.rollback().await.unwrap();
    let dropped = kept.begin().await.unwrap();
    named("dropped").insert(&dropped).await.unwrap();
    drop(dropped);
    kept.commit().await.unwrap();
    tx.commit().await.unwrap();

    let names = "SELECT count(*) FROM customer WHERE name IN ('kept', 'lost', 'dropped')";
    assert_eq!(world.number(names).await, 1);
}

#[tokio::test]
async fn a_failed_nested_transaction_leaves_the_outer_one_usable() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("outer").insert(&tx).await.unwrap();
    let failed = tx
        .transaction::<_, (), DbErr>(|nested| {
            Box::pin(async move {
                let orphan = invoice::ActiveModel {
                    customer_id: Set(-1),
                    amount: Set(1),
                    ..Default::default()
                };
                orphan.insert(nested).await?;
                Ok(())
            })
        })
        .await;
    assert!(failed.is_err(), "there is no such customer");
    tx.commit().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'outer'").await, 1);
}

#[tokio::test]
async fn a_setting_changed_inside_of_a_nested_transaction_is_set_again_after_it() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    for keep in [true, false] {
        let nested = tx.begin().await.unwrap();
        let sql = "SELECT set_config('app.current_tenant_id', '22222222-2222-2222-2222-222222222222', true)";
        nested.raw_unchecked("this test").execute_unprepared(sql).await.unwrap();
        assert_eq!(tenant_of(&nested).await, B.to_string());
        if keep {
            nested.commit().await.unwrap();
        } else {
            nested.rollback().await.unwrap();
        }
        assert_eq!(tenant_of(&tx).await, A.to_string());
    }
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn a_nested_transaction_never_drops_a_demand_in_silence() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = db.begin(&scope(A).await).await.unwrap();

    let level = tx.begin_with_config(Some(IsolationLevel::Serializable), None).await;
    let error = level.unwrap_err();
    assert!(matches!(Error::find(&error), Some(Error::Nested { .. })), "{error}");

    // Read only is something that a savepoint can be, and it ends with it.
    for keep in [true, false] {
        let nested = tx.begin_with_config(None, Some(AccessMode::ReadOnly)).await.unwrap();
        assert_eq!(invoice::Entity::find().count(&nested).await.unwrap(), 2);
        if keep {
            nested.commit().await.unwrap();
        } else {
            assert!(named("x").insert(&nested).await.is_err());
            drop(nested);
        }
        named("outer").insert(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();

    let options =
        TransactionOptions { access_mode: Some(AccessMode::ReadOnly), ..Default::default() };
    let tx = db.begin_with(&scope(A).await, options).await.unwrap();
    let wider = tx.begin_with_config(None, Some(AccessMode::ReadWrite)).await;
    assert!(wider.is_err(), "a savepoint cannot write in a read-only transaction");
    assert_eq!(invoice::Entity::find().count(&tx).await.unwrap(), 2, "the outer one goes on");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_nested_begin_that_is_dropped_in_flight_loses_nothing_in_silence() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("outer").insert(&tx).await.unwrap();
    drop_in_flight(&proxy, tx.begin()).await;
    is_closed(invoice::Entity::find().all(&tx).await);
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    next_is_clean(&world, &db).await;
    assert_eq!(count(&world, "outer").await, 0, "an error said so");
}

/// The twin: SeaORM's outer commit is `Ok`, and the row is gone.
#[tokio::test]
async fn without_the_guard_a_dropped_nested_begin_loses_the_outer_commit() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let (db, pool) = plain(&world, &proxy).await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&format!("SET LOCAL app.current_tenant_id = '{A}'")).await.unwrap();
    named("outer").insert(&tx).await.unwrap();
    drop_in_flight(&proxy, tx.begin()).await;
    tx.commit().await.expect("SeaORM has mended this: look at `link.rs` again");
    drop((db, pool));
    world.settled().await;
    assert_eq!(count(&world, "outer").await, 0);
}

#[tokio::test]
async fn a_nested_end_that_is_dropped_in_flight_ends_the_transaction() {
    for commit in [true, false] {
        let (world, proxy, db) = behind_proxy().await;
        let tx = db.begin(&scope(A).await).await.unwrap();
        let nested = tx.begin().await.unwrap();
        named("inner").insert(&nested).await.unwrap();
        if commit {
            drop_in_flight(&proxy, nested.commit()).await;
        } else {
            drop_in_flight(&proxy, nested.rollback()).await;
        }
        is_closed(invoice::Entity::find().all(&tx).await);
        assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
        next_is_clean(&world, &db).await;
    }
}

#[tokio::test]
async fn a_commit_over_a_living_nested_transaction_is_an_error() {
    let (world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("outer").insert(&tx).await.unwrap();
    let nested = tx.begin().await.unwrap();
    named("inner").insert(&nested).await.unwrap();
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
    // Its parent is gone, and so is everything.
    is_closed(invoice::Entity::find().all(&nested).await);
    assert!(matches!(nested.commit().await, Err(Error::Closed { .. })));
    next_is_clean(&world, &db).await;
    assert_eq!(count(&world, "outer").await, 0, "an error said so");
}

/// The twin: SeaORM says `Ok`, and the row is gone.
#[tokio::test]
async fn without_the_guard_a_commit_over_a_living_nested_transaction_loses_everything() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let (db, pool) = plain(&world, &proxy).await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&format!("SET LOCAL app.current_tenant_id = '{A}'")).await.unwrap();
    named("outer").insert(&tx).await.unwrap();
    let nested = tx.begin().await.unwrap();
    tx.commit().await.expect("SeaORM has mended this: look at `link.rs` again");
    drop(nested);
    drop((db, pool));
    world.settled().await;
    assert_eq!(count(&world, "outer").await, 0);
}

#[tokio::test]
async fn a_query_beside_a_living_nested_transaction_is_an_error_and_harmless() {
    let (world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let nested = tx.begin().await.unwrap();
    is_closed(named("beside").insert(&tx).await);
    is_closed(tx.begin().await);
    named("inner").insert(&nested).await.unwrap();
    nested.commit().await.unwrap();
    named("after").insert(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&world, "inner").await + count(&world, "after").await, 2);
    assert_eq!(count(&world, "beside").await, 0, "an error said so");
}

#[tokio::test]
async fn handles_dropped_in_any_order_roll_back() {
    let (world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let one = tx.begin().await.unwrap();
    let two = one.begin().await.unwrap();
    named("two").insert(&two).await.unwrap();
    drop(one);
    is_closed(named("two").insert(&two).await);
    // `two` is above what is rolled back here.
    named("outer").insert(&tx).await.unwrap();
    is_closed(named("two").insert(&two).await);
    assert!(matches!(two.commit().await, Err(Error::Closed { .. })));
    tx.commit().await.unwrap();
    assert_eq!(count(&world, "outer").await, 1);
    assert_eq!(count(&world, "two").await, 0);

    let tx = db.begin(&scope(A).await).await.unwrap();
    let nested = tx.begin().await.unwrap();
    named("orphan").insert(&nested).await.unwrap();
    drop(tx);
    is_closed(named("orphan").insert(&nested).await);
    drop(nested);
    next_is_clean(&world, &db).await;
    assert_eq!(count(&world, "orphan").await, 0);
}
