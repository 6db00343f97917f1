//! What gets past a trigger, or switches it off, and where it ends.

use tenant_core::{MoveError, MoveSessions, SqlSession};

use crate::{
    fixture::{Shop, schema},
    freeze::{freeze, write_as},
    meddling::{FREEZE, Meddling},
};

const ORDER: &str = "INSERT INTO public.orders (tenant_id, customer, total) \
    SELECT 1, min(id), 4711 FROM public.customers WHERE tenant_id = 1";

/// Does this to the triggers of these names on one table.
fn of_tags(names: &str, what: &str) -> String {
    format!(
        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'public.tags'::regclass \
         AND tgname LIKE '{names}' LOOP EXECUTE format('{what}', t.tgname); END LOOP; END $$"
    )
}

async fn late_orders(shop: &Shop) -> String {
    shop.one("SELECT count(*) FROM acme.orders WHERE total = 4711").await
}

#[tokio::test]
async fn triggers_that_are_switched_off_and_stay_so_prove_nothing() {
    let dropped = "DO $$ DECLARE t record; BEGIN FOR t IN SELECT tgname FROM pg_trigger \
        WHERE tgrelid = 'public.orders'::regclass AND tgname LIKE 'tenancy_noting_%' LOOP \
        EXECUTE format('DROP TRIGGER %I ON public.orders', t.tgname); END LOOP; END $$";
    for (off, who) in [
        ("ALTER TABLE public.orders DISABLE TRIGGER ALL", "origin"),
        (
            "ALTER TABLE public.orders DISABLE TRIGGER ALL; ALTER TABLE public.orders ENABLE TRIGGER ALL",
            "replica",
        ),
        (dropped, "origin"),
    ] {
        let shop = Shop::open().await;
        let order = format!(
            "SET session_replication_role = {who}; {ORDER}; RESET session_replication_role"
        );
        let session =
            Meddling::new(&shop, "tenancy.analyze_moved(", off).then(&shop, FREEZE, &order);
        let moved = shop.a_move(&schema("acme"));
        moved.run(MoveSessions::one(&session), "alice", "a test").await.unwrap();
        session.assert_done();
        assert_eq!(late_orders(&shop).await, "1", "{off}");
    }
}

#[tokio::test]
async fn a_trigger_that_is_off_or_notes_other_keys_is_made_anew() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let watch = async |key: &str| {
        let sql = format!(
            "SELECT tenancy.watch(ARRAY['public.tags']::regclass[], ARRAY['tenant_id']::name[], '[[\"{key}\"]]'::json, 1, 'source')::text AS x"
        );
        admin.rows(&sql, &[]).await.unwrap();
    };
    let awake = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.tags'::regclass AND tgenabled = 'A'";
    watch("name").await;
    shop.run("ALTER TABLE public.tags DISABLE TRIGGER ALL").await;
    assert_eq!(shop.one(awake).await, "0");
    watch("name").await;
    assert_eq!(shop.one(awake).await, "3");
    watch("note").await;
    write_as(&shop, 1, "UPDATE tags SET note = 'y'").await.unwrap();
    let keys = shop.one("SELECT string_agg(key, ' ') FROM tenancy.move_changes").await;
    assert!(keys.contains("\"note\"") && !keys.contains("\"name\""), "{keys}");
}

/// `BEFORE` triggers run in the order of their names.
#[tokio::test]
async fn a_row_that_another_trigger_makes_the_tenants_is_refused_too() {
    let shop = Shop::open().await;
    shop.run(
        "CREATE FUNCTION public.fills() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.tenant_id := coalesce(NEW.tenant_id, 1); RETURN NEW; END $$;
         CREATE TRIGGER zz_fills BEFORE INSERT ON public.tags FOR EACH ROW EXECUTE FUNCTION public.fills()",
    )
    .await;
    let filled = |name: &str| format!("INSERT INTO tags (tenant_id, name) VALUES (NULL, '{name}')");
    write_as(&shop, 1, &filled("free")).await.unwrap();
    freeze(&shop, "public.tags", "1").await.unwrap();
    let refused = write_as(&shop, 1, &filled("late")).await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenant_moving"), "{refused}");
    // The twin: without the trigger that comes last it goes through.
    shop.run(&of_tags("tenancy_moved_%", "DROP TRIGGER %I ON public.tags")).await;
    write_as(&shop, 1, &filled("late")).await.unwrap();
}

#[tokio::test]
async fn a_replica_does_not_write_what_is_frozen() {
    let shop = Shop::open().await;
    freeze(&shop, "public.tags", "1").await.unwrap();
    let replica = "SET session_replication_role = replica; UPDATE public.tags SET note = 'late' WHERE tenant_id = 1";
    let session = shop.database.session().dedicated().await.unwrap();
    let refused = session.batch(replica).await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenant_moving"), "{refused}");
    // The twin: a trigger that is enabled as usual does not see a replica.
    shop.run(&of_tags("tenancy_mov%", "ALTER TABLE public.tags ENABLE TRIGGER %I")).await;
    let session = shop.database.session().dedicated().await.unwrap();
    session.batch(replica).await.unwrap();
}

#[tokio::test]
async fn what_gets_past_the_freeze_all_the_same_is_not_erased() {
    let shop = Shop::open().await;
    let past = of_tags("tenancy_mov%", "DROP TRIGGER %I ON public.tags")
        + "; UPDATE public.tags SET note = 'late' WHERE tenant_id = 1";
    let session = Meddling::new(&shop, "SELECT c.relation::regclass::text AS name", &past);
    let moved = shop.a_move(&schema("acme"));
    let refused = moved.run(MoveSessions::one(&session), "alice", "a test").await.unwrap_err();
    assert!(matches!(&refused, MoveError::Late { table } if table.contains("tags")), "{refused}");
    assert_eq!(shop.one("SELECT count(*) FROM public.tags WHERE note = 'late'").await, "2");
    shop.run("DELETE FROM tenancy.move_changes").await;
    shop.moved(&schema("acme")).await.unwrap();
    shop.assert_settled().await;
    assert_eq!(shop.one("SELECT count(*) FROM public.tags WHERE tenant_id = 1").await, "0");
}

/// In one database, what hangs on the target may write in the source.
#[tokio::test]
async fn what_the_copy_sets_off_in_the_source_comes_over() {
    let shop = Shop::open().await;
    shop.run(
        "CREATE FUNCTION public.bump() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE public.settings SET theme = 'bumped' WHERE tenant_id = NEW.tenant_id; RETURN NULL; END $$;
         CREATE TRIGGER bump AFTER INSERT ON acme.orders FOR EACH ROW EXECUTE FUNCTION public.bump()",
    )
    .await;
    shop.moved(&schema("acme")).await.unwrap();
    assert_eq!(shop.one("SELECT theme FROM acme.settings WHERE tenant_id = 1").await, "bumped");
}
