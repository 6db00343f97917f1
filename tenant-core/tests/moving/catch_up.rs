//! What the tenant writes while it is copied.

use std::sync::{Arc, Mutex};

use tenant_core::{MoveError, MoveSessions, MoveStep, Placement};

use crate::fixture::{Shop, checksum_sql, schema};

/// Runs SQL as soon as this step is done, and before the next begins. Says what the tenant's rows were
/// when they were frozen.
async fn with(
    shop: &Shop,
    to: &Placement,
    at: MoveStep,
    sql: &'static str,
) -> Result<String, MoveError> {
    let (session, admin) = (shop.database.session().clone(), shop.admin());
    let frozen = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&frozen);
    let a_move = shop.a_move(to).on_step(move |step| {
        if step == at {
            session.batch_blocking(&format!("BEGIN; {sql}; COMMIT")).unwrap();
        }
        if step == MoveStep::Frozen {
            let query = checksum_sql("public", 1);
            let rows = session.rows_blocking(&query, &[]).unwrap();
            rows[0]["x"].as_str().unwrap().clone_into(&mut seen.lock().unwrap());
        }
    });
    a_move.run(MoveSessions::one(&admin), "alice", "a test").await?;
    Ok(frozen.lock().unwrap().clone())
}

/// Each leaves other rows, whatever order the constraints want.
pub(crate) const CHANGES: [&str; 8] = [
    "INSERT INTO public.customers (tenant_id, name) VALUES (1, 'new'); DELETE FROM public.orders WHERE tenant_id = 1 AND total > 20",
    // A child goes to a new parent, and the old one goes.
    "INSERT INTO public.customers (tenant_id, id, name) VALUES (1, 9000, 'heir');
     UPDATE public.orders SET customer = 9000 WHERE tenant_id = 1;
     DELETE FROM public.customers WHERE tenant_id = 1 AND id <> 9000",
    // A key goes from one row to another, and a third one is new.
    "UPDATE public.teams SET captain = NULL WHERE tenant_id = 1; DELETE FROM public.players WHERE tenant_id = 1 AND id = 3;
     DELETE FROM public.teams WHERE tenant_id = 1 AND id = 3; INSERT INTO public.teams VALUES (1, 7, NULL, 's3')",
    // Both at once: only everything anew helps.
    "UPDATE public.teams SET slug = 'tmp' WHERE tenant_id = 1 AND id = 1; UPDATE public.teams SET slug = 's1' WHERE tenant_id = 1 AND id = 2;
     UPDATE public.teams SET slug = 's2' WHERE tenant_id = 1 AND id = 1; INSERT INTO public.customers (tenant_id, id, name) VALUES (1, 9000, 'heir');
     UPDATE public.orders SET customer = 9000 WHERE tenant_id = 1; DELETE FROM public.customers WHERE tenant_id = 1 AND id <> 9000",
    "SET CONSTRAINTS ALL DEFERRED; INSERT INTO public.hens VALUES (1, 2, 2); INSERT INTO public.eggs VALUES (1, 2, 2);
     DELETE FROM public.eggs WHERE tenant_id = 1 AND id = 1 AND false",
    "INSERT INTO public.nodes SELECT 1, repeat('y', n), CASE WHEN n > 1 THEN repeat('y', n - 1) END, NULL FROM generate_series(1, 300) n",
    "UPDATE public.events SET at = '2020-01-01' WHERE tenant_id = 1; UPDATE public.settings SET theme = NULL WHERE tenant_id = 1;
     UPDATE public.tags SET name = 'c' WHERE tenant_id = 1 AND name = 'a'",
    "DELETE FROM public.orders WHERE tenant_id = 1; DELETE FROM public.customers WHERE tenant_id = 1",
];

#[tokio::test]
async fn what_was_written_after_the_copy_comes_over() {
    for change in CHANGES {
        let shop = Shop::open().await;
        let (before, two) = (shop.checksum("public", 1).await, shop.checksum("public", 2).await);
        let frozen = with(&shop, &schema("acme"), MoveStep::Copied, change).await.unwrap();
        assert_ne!(frozen, before, "{change}");
        assert_eq!(shop.checksum("acme", 1).await, frozen, "{change}");
        assert_eq!(shop.checksum("public", 2).await, two);
        shop.assert_settled().await;
    }
}

#[tokio::test]
async fn a_target_that_changes_rows_is_told_and_the_tenant_stays_where_it_was() {
    let shop = Shop::open().await;
    shop.run(
        "CREATE FUNCTION public.loud() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.theme := upper(NEW.theme); RETURN NEW; END $$;
         CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON acme.settings FOR EACH ROW EXECUTE FUNCTION public.loud()",
    )
    .await;
    let before = shop.checksum("public", 1).await;
    let differs = shop.moved(&schema("acme")).await;
    assert!(
        matches!(&differs, Err(MoveError::Differs { table }) if table.contains("settings")),
        "{differs:?}"
    );
    assert_eq!(shop.home().await, "shared main");
    assert_eq!(shop.one("SELECT step FROM tenancy.moves").await, "copied");
    // It writes where it lives.
    shop.run("UPDATE public.settings SET theme = 'dark' WHERE tenant_id = 1").await;
    shop.cancelled(&schema("acme")).await.unwrap();
    assert_eq!(
        (shop.checksum("public", 1).await, shop.count("acme", 1).await),
        (before.clone(), 0)
    );
    shop.assert_settled().await;
    // Twin: without the trigger it goes through.
    shop.run("DROP TRIGGER loud ON acme.settings").await;
    shop.moved(&schema("acme")).await.unwrap();
    assert_eq!(shop.checksum("acme", 1).await, before);
    assert_eq!(shop.told().await, "begun cancelled begun switched ended");
}
