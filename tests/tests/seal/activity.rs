//! A token that is seen within its seconds is good. What keeps it from being seen, and what happens
//! where nothing does.

use crate::fixture::{Pools, SEES_THE_OTHER, Shop, Wall, runs, seal};

/// Reads, with the login's own role, what its siblings sent last, and opens what it finds there.
const SPY: &str = "DO $$ DECLARE token text; BEGIN
    PERFORM set_config('role', 'none', true);
    SELECT substring(query FROM 'SELECT tenancy.open\\(.*\\)') INTO token FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND query LIKE '%tenancy.open%''2''%';
    IF token IS NULL THEN RAISE 'nothing to see'; END IF;
    EXECUTE format('SET LOCAL ROLE %I', current_database() || '_tenant');
    EXECUTE token; END $$";

/// Tenant 2 has just begun; the attacker is in tenant 1's transaction.
async fn spy(shop: &Shop, victims: &Pools, attackers: &Pools) -> Result<(), String> {
    let _open = victims.hold(2).await;
    let seen = runs(attackers, "diesel", 1, &[SPY, SEES_THE_OTHER]).await;
    assert_eq!(shop.ask("SELECT count(*) FROM orders").await, "3");
    seen
}

/// Attack (seal): reading a sibling's token in `pg_stat_activity` and opening it within its
/// seconds.
#[tokio::test]
async fn a_siblings_token_is_not_seen_in_pg_stat_activity() {
    let shop = Shop::open(Wall::Sealed).await;
    let (victims, attackers) = (shop.pools().await, shop.pools().await);
    let error = spy(&shop, &victims, &attackers).await.unwrap_err();
    assert!(error.contains("nothing to see"), "{error}");
}

#[tokio::test]
async fn twin_without_padding_it_is_seen_and_good_for_its_seconds() {
    let shop = Shop::open(Wall::Sealed).await;
    let (victims, attackers) = (shop.pools_with(seal().padding(0)).await, shop.pools().await);
    spy(&shop, &victims, &attackers).await.unwrap();
}

/// Attack (seal): the same after a nested transaction.
#[tokio::test]
async fn the_token_of_a_released_savepoint_is_not_seen_either() {
    let shop = Shop::open(Wall::Sealed).await;
    let (victims, attackers) = (shop.pools().await, shop.pools().await);
    let _open = victims.hold_after_nested(2).await;
    let error = runs(&attackers, "diesel", 1, &[SPY, SEES_THE_OTHER]).await.unwrap_err();
    assert!(error.contains("nothing to see"), "{error}");
}
