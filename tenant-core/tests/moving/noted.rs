//! The keys of what a tenant writes while it moves are noted, and whoever it is cannot help it.

use std::sync::{Arc, Mutex};

use tenant_core::{MoveError, MoveSessions, MoveStep, Placement, SqlSession};
use tenant_testkit::TestSession;

use crate::{
    catch_up::CHANGES,
    fixture::{DECLARED, Shop, checksum_sql, schema},
    freeze::write_as,
    meddling::{FREEZE, Meddling},
};

/// Moves to `acme`, and runs this when all passes are done but the last. Says what the tenant's rows were
/// when they were frozen, and how many rows were read from then until the switch.
async fn moved_with(shop: &Shop, sql: &str) -> Result<(String, u64), MoveError> {
    moved_by(shop, Meddling::new(shop, FREEZE, sql), &schema("acme")).await
}

pub(crate) async fn moved_by(
    shop: &Shop,
    session: Meddling,
    to: &Placement,
) -> Result<(String, u64), MoveError> {
    let observer = shop.database.session().clone();
    let seen = Arc::new(Mutex::new((String::new(), 0, 0)));
    let steps = Arc::clone(&seen);
    let a_move = shop.a_move(to).on_step(move |step| {
        let mut seen = steps.lock().unwrap();
        if step == MoveStep::Frozen {
            let rows = observer.rows_blocking(&checksum_sql("public", 1), &[]).unwrap();
            rows[0]["x"].as_str().unwrap().clone_into(&mut seen.0);
            seen.1 = rows_read(&observer);
        } else if step == MoveStep::Switched {
            seen.2 = rows_read(&observer);
        }
    });
    a_move.run(MoveSessions::one(&session), "alice", "a test").await?;
    session.assert_done();
    let seen = seen.lock().unwrap();
    Ok((seen.0.clone(), seen.2 - seen.1))
}

/// How many rows, and entries of indexes, were read of all tables until now.
fn rows_read(observer: &TestSession) -> u64 {
    // What the look at the checksum has read is counted before it.
    observer.rows_blocking("SELECT pg_stat_force_next_flush()::text AS x", &[]).unwrap();
    let sql = "SELECT ((SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables \
               WHERE schemaname IN ('public', 'acme')) + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes \
               WHERE schemaname IN ('public', 'acme')))::text AS x";
    let rows = observer.rows_blocking(sql, &[]).unwrap();
    rows[0]["x"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_written_after_the_comparison_comes_over_by_its_keys() {
    for change in CHANGES {
        let shop = Shop::open().await;
        let (before, two) = (shop.checksum("public", 1).await, shop.checksum("public", 2).await);
        let (frozen, _) = moved_with(&shop, &format!("BEGIN; {change}; COMMIT")).await.unwrap();
        assert_ne!(frozen, before, "{change}");
        assert_eq!(shop.checksum("acme", 1).await, frozen, "{change}");
        assert_eq!(shop.checksum("public", 2).await, two);
        shop.assert_settled().await;
    }
}

#[tokio::test]
async fn twin_what_is_not_noted_is_left_behind() {
    let shop = Shop::open().await;
    let unnoted = "UPDATE public.settings SET theme = 'lost' WHERE tenant_id = 1; DELETE FROM tenancy.move_changes";
    let (frozen, _) = moved_with(&shop, unnoted).await.unwrap();
    assert_ne!(shop.checksum("acme", 1).await, frozen);
}

/// Under the freeze everything is compared where the notes cannot be trusted.
const UNTOLD: [&str; 4] = [
    "ALTER TABLE public.settings DISABLE TRIGGER ALL; UPDATE public.settings SET theme = 'x' WHERE tenant_id = 1;
     ALTER TABLE public.settings ENABLE TRIGGER ALL",
    "TRUNCATE public.settings",
    "CREATE TABLE public.events_late (LIKE public.events INCLUDING ALL); DELETE FROM public.events WHERE at > '2030-01-01';
     INSERT INTO public.events_late VALUES (1, 99, '2031-05-05', 'late');
     DO $$ BEGIN EXECUTE format('ALTER TABLE public.events_late OWNER TO %s',
       (SELECT relowner::regrole FROM pg_class WHERE oid = 'public.events'::regclass)); END $$;
     ALTER TABLE public.events ATTACH PARTITION public.events_late FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
    // Somebody who has no business there.
    "UPDATE acme.settings SET theme = 'x' WHERE tenant_id = 1; DELETE FROM acme.tags",
];

#[tokio::test]
async fn what_no_trigger_can_note_is_noticed() {
    for change in UNTOLD {
        let shop = Shop::open().await;
        let (frozen, _) = moved_with(&shop, change).await.unwrap();
        assert_eq!(shop.checksum("acme", 1).await, frozen, "{change}");
    }
}

#[tokio::test]
async fn a_replica_is_noted_too() {
    let shop = Shop::open().await;
    let change = "SET session_replication_role = replica; UPDATE public.settings SET theme = 'x' WHERE tenant_id = 1;
                  RESET session_replication_role";
    let (frozen, _) = moved_with(&shop, change).await.unwrap();
    assert!(shop.checksum("acme", 1).await == frozen);
}

#[tokio::test]
async fn what_a_trigger_of_the_target_does_beside_is_undone() {
    let shop = Shop::open().await;
    shop.run(
        "CREATE FUNCTION public.beside() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE acme.settings SET theme = 'beside'; DELETE FROM acme.tags WHERE name = 'b'; RETURN NULL; END $$;
         CREATE TRIGGER beside AFTER INSERT ON acme.orders FOR EACH ROW EXECUTE FUNCTION public.beside()",
    )
    .await;
    let change = "INSERT INTO public.orders (tenant_id, customer, total) SELECT 1, min(id), 7 FROM public.customers WHERE tenant_id = 1";
    let (frozen, _) = moved_with(&shop, change).await.unwrap();
    assert_eq!(shop.checksum("acme", 1).await, frozen);
}

const MANY: &str = "INSERT INTO public.orders (tenant_id, customer, total)
    SELECT 1, (SELECT min(id) FROM public.customers WHERE tenant_id = 1), n FROM generate_series(1, 5000) n;
    INSERT INTO public.nodes SELECT 1, 'many' || n, NULL, NULL FROM generate_series(1, 5000) n;
    INSERT INTO public.events SELECT 1, n, '2024-01-01'::date + n % 900, n FROM generate_series(100, 5000) n";

#[tokio::test]
async fn under_the_freeze_no_more_rows_are_read_than_were_written() {
    let shop = Shop::open().await;
    shop.run(MANY).await;
    // Without them whoever deletes a row, the mover or the tenant, reads all that could refer to it.
    shop.run(
        "CREATE INDEX ON public.nodes (tenant_id, up); CREATE INDEX ON acme.nodes (tenant_id, up)",
    )
    .await;
    let few = "INSERT INTO public.orders (tenant_id, customer, total) SELECT tenant_id, id, 1 FROM public.customers \
               WHERE tenant_id = 1 ORDER BY id LIMIT 3; \
               UPDATE public.events SET what = 'x' WHERE tenant_id = 1 AND id = 4711; \
               DELETE FROM public.nodes WHERE tenant_id = 1 AND path = 'many7'";
    let (frozen, read) = moved_with(&shop, few).await.unwrap();
    assert_eq!(shop.checksum("acme", 1).await, frozen);
    assert!(read < 300, "{read} rows were read");
}

/// How many rows are read for few of a tenant that comes into tables of so many tenants that the planner
/// takes each for one row; first it does this.
async fn read_among_many(first: &str) -> u64 {
    let shop = Shop::open().await;
    shop.run(MANY).await;
    for index in ["orders (tenant_id)", "nodes (tenant_id, up)", "events (tenant_id)"] {
        shop.run(&format!("CREATE INDEX ON acme.{index}; CREATE INDEX ON public.{index}")).await;
    }
    shop.moved(&schema("acme")).await.unwrap();
    let many = "
        INSERT INTO public.customers (tenant_id, id, name) SELECT n, 1, 'x' FROM generate_series(1000, 21000) n;
        INSERT INTO public.orders (tenant_id, id, customer) SELECT n, 1, 1 FROM generate_series(1000, 21000) n;
        INSERT INTO public.nodes (tenant_id, path) SELECT n, 'x' FROM generate_series(1000, 21000) n;
        ANALYZE public.customers, public.orders, public.nodes";
    shop.run(many).await;
    shop.run(first).await;
    let few = "
        UPDATE acme.orders SET total = 1 WHERE tenant_id = 1 AND id IN (SELECT id FROM acme.orders ORDER BY id DESC LIMIT 3);
        DELETE FROM acme.nodes WHERE tenant_id = 1 AND path = 'many4'";
    let session = Meddling::new(&shop, FREEZE, few);
    moved_by(&shop, session, &Placement::default()).await.unwrap().1
}

#[tokio::test]
async fn a_planner_that_has_never_heard_of_the_tenant_reads_no_more() {
    let read = read_among_many("SELECT 1").await;
    assert!(read < 300, "{read} rows were read");
}

#[tokio::test]
async fn twin_without_statistics_it_reads_all_of_the_tenants_rows() {
    // Nor may the server's own housekeeping find out.
    let none = "
        ALTER TABLE public.orders SET (autovacuum_enabled = off); ALTER TABLE public.nodes SET (autovacuum_enabled = off);
        CREATE OR REPLACE FUNCTION tenancy.analyze_moved(moved regclass) RETURNS boolean LANGUAGE sql AS 'SELECT true'";
    let read = read_among_many(none).await;
    assert!(read > 1000, "{read} rows were read");
}

#[tokio::test]
async fn twin_where_the_notes_cannot_be_trusted_all_rows_are_read() {
    let shop = Shop::open().await;
    shop.run(MANY).await;
    let (_, read) = moved_with(&shop, UNTOLD[0]).await.unwrap();
    assert!(read > 25_000, "{read} rows were read");
}

/// As the tenant's role, while its writes are noted.
async fn watched(shop: &Shop) {
    for table in DECLARED {
        let key = match table {
            "nodes" => "path",
            "tags" => "name",
            _ => "id",
        };
        let keys = match table {
            "settings" => "[[]]".to_owned(),
            "events" => r#"[["id", "at"]]"#.to_owned(),
            _ => format!(r#"[["{key}"]]"#),
        };
        let sql = format!(
            "SELECT tenancy.watch(ARRAY['public.{table}']::regclass[], ARRAY['tenant_id']::name[], '{keys}', 1, 'source')::text AS x"
        );
        assert_eq!(shop.admin().rows(&sql, &[]).await.unwrap()[0]["x"], "true");
    }
}

#[tokio::test]
async fn a_tenant_reaches_neither_the_notes_nor_the_triggers() {
    let shop = Shop::open().await;
    watched(&shop).await;
    write_as(&shop, 1, "UPDATE settings SET theme = 'x'").await.unwrap();
    for attack in [
        "SELECT * FROM tenancy.move_changes",
        "INSERT INTO tenancy.move_changes (tenant_id, relation, key) VALUES (1, 0, '{}')",
        "UPDATE tenancy.move_changes SET key = '{}'",
        "DELETE FROM tenancy.move_changes",
        "TRUNCATE tenancy.move_changes",
        "LOCK TABLE tenancy.move_changes IN ACCESS SHARE MODE",
        "SELECT nextval('tenancy.move_changes_id_seq')",
        "SELECT tenancy.note_change()",
        "SELECT tenancy.watch(ARRAY['public.tags']::regclass[], ARRAY['tenant_id']::name[], '[[]]', 2, 'source')",
        "SELECT tenancy.thaw('public.settings', '1')",
        "SELECT tenancy.analyze_moved('public.settings')",
        "ALTER TABLE settings DISABLE TRIGGER ALL",
        "DROP TRIGGER tenancy_noting_UPDATE_x ON settings",
        "CREATE TRIGGER mine BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION tenancy.note_change()",
        "SET LOCAL session_replication_role = replica",
        "CREATE TEMP TABLE move_changes (x int)",
        "CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
        "TRUNCATE settings",
    ] {
        let refused = write_as(&shop, 1, attack).await.unwrap_err();
        let codes = [Some("42501"), Some("42704")];
        assert!(codes.contains(&refused.sqlstate.as_deref()), "{attack}: {refused}");
    }
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.move_changes").await, "1");
    // Other tenants' rows are nobody's business.
    write_as(&shop, 2, "UPDATE settings SET theme = 'x'").await.unwrap();
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.move_changes").await, "1");
}

/// As the tenant's role, each on rows of its own.
const WRITES: [&str; 13] = [
    "SET LOCAL tenancy.mover = 'counted'; SET LOCAL tenancy.eraser = 'on'; UPDATE customers SET name = 'mover' WHERE id = (SELECT min(id) FROM customers)",
    "SET LOCAL datestyle = 'SQL, DMY'; SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL extra_float_digits = -15;
     SET LOCAL search_path = public, pg_temp; UPDATE events SET what = 'other settings' WHERE id = 1",
    "UPDATE tags SET name = 'c' WHERE name = 'a'; UPDATE tags SET name = 'a', note = 'back' WHERE name = 'c'",
    "UPDATE events SET at = '2024-03-04', id = 1000 WHERE id = 2",
    "INSERT INTO tags (name, note) VALUES ('b', 'y') ON CONFLICT (tenant_id, name) DO UPDATE SET note = 'conflict'",
    "MERGE INTO teams AS t USING (VALUES (1, 'm1'), (8, 'm8')) AS v (id, slug) ON t.id = v.id
     WHEN MATCHED THEN UPDATE SET slug = v.slug WHEN NOT MATCHED THEN INSERT (id, slug) VALUES (v.id, v.slug)",
    "DELETE FROM customers WHERE id = (SELECT max(id) FROM customers)",
    "SAVEPOINT a; INSERT INTO nodes (path) VALUES ('gone'); ROLLBACK TO a; INSERT INTO nodes (path) VALUES ('stays');
     SAVEPOINT b; UPDATE nodes SET up = 'x' WHERE path = 'stays'; RELEASE b",
    "WITH d AS (DELETE FROM events WHERE id = 3 RETURNING *) INSERT INTO events SELECT tenant_id, 2000, at, what FROM d",
    "INSERT INTO orders (customer, total) SELECT min(id), 1 FROM customers; DELETE FROM orders WHERE total = 1.5",
    r#"INSERT INTO nodes (path) VALUES (E'\\ '' "" ü \n {} %s %I $1')"#,
    "DO $$ BEGIN INSERT INTO events (id, at) VALUES (3000, '2026-05-05'); BEGIN UPDATE events SET id = 3001 WHERE id = 3000;
     RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; END $$",
    "PREPARE p AS UPDATE events SET what = 'prepared' WHERE id = $1; EXECUTE p(7); EXECUTE p(8); DEALLOCATE p",
];

/// As who may do more, and what the database does by itself.
const OTHERS: &str = "
    UPDATE public.settings SET tenant_id = 3 WHERE tenant_id = 1;
    UPDATE public.tags SET tenant_id = 1, name = 'from' WHERE tenant_id = 2 AND name = 'a';
    INSERT INTO public.events_old VALUES (1, 4000, '2020-01-01', 'a partition');
    DELETE FROM public.events_new WHERE tenant_id = 1 AND id = 60;";

/// Rows that go with others, and those that a trigger writes at the end of the transaction.
const BY_ITSELF: &str = "
    ALTER TABLE public.orders DROP CONSTRAINT orders_tenant_id_customer_fkey,
        ADD FOREIGN KEY (tenant_id, customer) REFERENCES public.customers ON DELETE CASCADE ON UPDATE CASCADE;
    ALTER TABLE acme.orders DROP CONSTRAINT orders_tenant_id_customer_fkey,
        ADD FOREIGN KEY (tenant_id, customer) REFERENCES acme.customers ON DELETE CASCADE ON UPDATE CASCADE;
    CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.nodes (tenant_id, path) VALUES (NEW.tenant_id, 'late ' || NEW.slug); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON public.teams DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.late();";

#[tokio::test]
async fn however_a_tenant_writes_it_comes_over() {
    let shop = Shop::open().await;
    shop.run(BY_ITSELF).await;
    let role = shop.database.name();
    let writes = WRITES.map(|write| {
        format!(
            "BEGIN; SET LOCAL search_path = public; SET LOCAL ROLE {role}_tenant; \
             SELECT set_config('app.current_tenant_id', '1', true); {write}; COMMIT"
        )
    });
    let before = shop.count("public", 1).await;
    let session = Meddling::new(&shop, FREEZE, OTHERS).and_as_login(&shop, &writes.join("; "));
    let (frozen, read) = moved_by(&shop, session, &schema("acme")).await.unwrap();
    assert_eq!(shop.checksum("acme", 1).await, frozen);
    for told in ["late m1", "late m8", "stays"] {
        let there = format!("SELECT count(*) FROM acme.nodes WHERE path = '{told}'");
        assert_eq!(shop.one(&there).await, "1", "{told}");
    }
    assert!(read < 10 * before, "{read}");
    shop.assert_settled().await;
    let copied = write_as(&shop, 2, "COPY tags FROM STDIN").await.unwrap_err();
    assert_eq!(copied.sqlstate.as_deref(), Some("0A000"), "{copied}");
}
