//! Out of the shared tables, into others, and back.

use std::sync::{Arc, Mutex};

use tenant_core::{
    MoveSessions,
    MoveStep::{Begun, Copied, Erased, Frozen, Switched},
    Placement, Reporter,
};

use crate::fixture::{Shop, schema};

#[tokio::test]
async fn a_tenant_goes_into_a_schema_and_back() {
    let shop = Shop::open().await;
    let (one, two) = (shop.checksum("public", 1).await, shop.checksum("public", 2).await);
    let rows = shop.count("public", 1).await;

    let moved = shop.moved(&schema("acme")).await.unwrap();
    assert_eq!((&moved.from, &moved.to), (&Placement::default(), &schema("acme")));
    assert_eq!(moved.tables.iter().map(|table| table.rows).sum::<u64>(), rows);
    assert!(moved.writes_refused.as_millis() > 0);
    assert_eq!(shop.checksum("acme", 1).await, one);
    assert_eq!((shop.count("public", 1).await, shop.count("acme", 2).await), (0, 0));
    assert_eq!(shop.home().await, "schema main acme");
    shop.assert_settled().await;
    assert_eq!(shop.told().await, "begun switched ended");
    // The next number is free.
    shop.run("INSERT INTO acme.customers (tenant_id, name) VALUES (1, 'new')").await;
    shop.run("DELETE FROM acme.customers WHERE name = 'new'").await;

    shop.moved(&Placement::default()).await.unwrap();
    assert_eq!(shop.checksum("public", 1).await, one);
    assert_eq!(shop.count("acme", 1).await, 0);
    assert_eq!(shop.home().await, "shared main");
    assert_eq!(shop.checksum("public", 2).await, two, "nobody else's rows are touched");
    shop.assert_settled().await;
}

#[tokio::test]
async fn a_tenant_goes_round_all_placements() {
    let (main, other, silo) = (Shop::open().await, Shop::empty().await, Shop::empty().await);
    other.schema("acme").await;
    main.add_database("eu-1", None).await;
    main.add_database("silo", None).await;
    let one = main.checksum("public", 1).await;
    let way = [
        (&other, Placement::shared("eu-1").unwrap(), "public"),
        (&other, Placement::schema("eu-1", "acme").unwrap(), "acme"),
        (&silo, Placement::database("silo").unwrap(), "public"),
        (&main, schema("acme"), "acme"),
        (&other, Placement::shared("eu-1").unwrap(), "public"),
        (&main, Placement::default(), "public"),
    ];
    let (mut from, mut here) = (&main, "public");
    for (to, place, there) in way {
        let (registry, source, target) = (main.admin(), from.admin(), to.admin());
        let sessions = MoveSessions { registry: &registry, source: &source, target: &target };
        main.a_move(&place).run(sessions, "alice", "a test").await.unwrap();
        assert_eq!(to.checksum(there, 1).await, one, "{place}");
        assert_eq!(from.count(here, 1).await, 0, "{place}");
        for shop in [&main, &other, &silo] {
            shop.assert_settled().await;
        }
        (from, here) = (to, there);
    }
    // The log of another database has who arrived there.
    assert_eq!(silo.told().await, "arrived");
    assert_eq!(main.home().await, "shared main");
}

#[tokio::test]
async fn steps_and_rows_are_told() {
    let shop = Shop::open().await;
    let told = Arc::new(Mutex::new((Vec::new(), 0)));
    let (steps, rows) = (Arc::clone(&told), Arc::clone(&told));
    let a_move = shop
        .a_move(&schema("acme"))
        .on_step(move |step| steps.lock().unwrap().0.push(step))
        .report(Reporter::new(move |progress| rows.lock().unwrap().1 += progress.done));
    let admin = shop.admin();
    a_move.run(MoveSessions::one(&admin), "alice", "a test").await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.0, [Begun, Copied, Frozen, Switched, Erased]);
    assert!(told.1 >= 120, "{}", told.1);
}
