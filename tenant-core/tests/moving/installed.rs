//! What moves stand on is installed into a database from before them.

use tenant_core::SqlSession;

use crate::fixture::{Shop, schema};

/// As an earlier version has left it, which knew nothing of this.
const BEFORE_NOTES: &str = "DROP FUNCTION tenancy.watch, tenancy.note_change, tenancy.analyze_moved; DROP TABLE tenancy.move_changes;";
const BEFORE_MOVES: &str =
    "DROP FUNCTION tenancy.freeze, tenancy.thaw, tenancy.move_triggers, tenancy.refuse_moving;
    DROP TABLE tenancy.moves;";
const FORGET: &str = "
    DELETE FROM tenancy.installed WHERE about IS NOT NULL AND to_regclass(about) IS NULL;
    DELETE FROM tenancy.installed WHERE kind IN ('function', 'function grant')
      AND split_part(object, '(', 1) NOT IN (SELECT format('tenancy.%I', proname) FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace);
    UPDATE tenancy.installed SET value = 'older' WHERE kind = 'part' AND object LIKE '%schema tenancy%'";

#[tokio::test]
async fn an_installation_from_before_moves_is_carried_over() {
    for older in [BEFORE_NOTES.to_owned(), [BEFORE_NOTES, BEFORE_MOVES].concat()] {
        let shop = Shop::open().await;
        let session = shop.database.session();
        shop.run(&format!("{older} {FORGET}")).await;
        // Nobody has changed anything: it is a step of the plan, not a difference.
        assert_eq!(shop.isolation().diff(session).await.unwrap(), []);
        let plan = shop.isolation().plan(session).await.unwrap();
        assert!(plan.to_string().contains("CREATE TABLE IF NOT EXISTS tenancy.move_changes"));
        plan.run(session).await.unwrap();
        assert!(shop.isolation().plan(session).await.unwrap().is_empty());
        assert_eq!(shop.isolation().diff(session).await.unwrap(), []);
        let before = shop.checksum("public", 1).await;
        shop.moved(&schema("acme")).await.unwrap();
        assert_eq!(shop.checksum("acme", 1).await, before);
    }
}

#[tokio::test]
async fn what_somebody_took_away_is_told_and_made_again() {
    let shop = Shop::open().await;
    let session = shop.database.session();
    for (take, object) in [
        ("DROP TABLE tenancy.moves", "tenancy.moves"),
        ("DROP TABLE tenancy.move_changes", "tenancy.move_changes"),
        ("DROP FUNCTION tenancy.watch", "tenancy.watch("),
        ("DROP FUNCTION tenancy.note_change", "tenancy.note_change()"),
    ] {
        shop.run(take).await;
        let told = shop.isolation().diff(session).await.unwrap();
        assert!(told.iter().any(|told| told.object.starts_with(object)), "{take}: {told:?}");
        shop.isolation().apply(session).await.unwrap();
        assert_eq!(shop.isolation().diff(session).await.unwrap(), [], "{take}");
    }
    shop.moved(&schema("acme")).await.unwrap();
}

#[tokio::test]
async fn the_way_back_takes_what_a_move_has_left() {
    let shop = Shop::open().await;
    for call in [
        "tenancy.freeze(ARRAY['public.events']::regclass[], ARRAY['tenant_id']::name[], 1)",
        r#"tenancy.watch(ARRAY['public.events']::regclass[], ARRAY['tenant_id']::name[], '[["id", "at"]]', 1, 'source')"#,
    ] {
        shop.admin().rows(&format!("SELECT {call}::text AS x"), &[]).await.unwrap();
    }
    shop.run("DROP SCHEMA acme CASCADE; DELETE FROM tenancy.tenants").await;
    shop.isolation().revert(shop.database.session()).await.unwrap();
    let triggers = "SELECT count(*) FROM pg_trigger WHERE tgname ~ '^tenancy_'";
    assert_eq!(shop.one(triggers).await, "0");
    shop.run("INSERT INTO public.events VALUES (1, 99, '2030-01-01', 'x')").await;
}
