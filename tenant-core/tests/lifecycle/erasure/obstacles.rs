use tenant_core::{
    Binding, ErasureError, Error, Progress, Reporter, SqlSession, TableName, TenantId, TenantKey,
    Tenants,
};

use super::world::{World, erasure};

#[tokio::test]
async fn a_legal_hold_refuses_also_when_it_came_after_the_plan() {
    let world = World::with(3, Binding::SetConfig).await;
    let admin = world.admin();
    let plan = erasure(7).plan(&admin).await.unwrap();
    assert!(plan.obstacles.is_empty());
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    let id = TenantId::from(7);
    tenants.legal_hold(&id, "court order 12").await.unwrap();
    let rows = world.rows_of(7).await;
    for held in [erasure(7), erasure(7).in_chunks(2)] {
        let refused = held.run(&admin, "alice", "x").await;
        assert!(
            matches!(&refused, Err(ErasureError::LegalHold { reason, .. }) if reason == "court order 12"),
            "{refused:?}"
        );
    }
    assert_eq!(world.rows_of(7).await, rows);
    let plan = erasure(7).plan(&admin).await.unwrap();
    assert!(plan.to_string().contains("court order 12"), "{plan}");
    tenants.release(&id, "settled").await.unwrap();
    erasure(7).run(&admin, "alice", "x").await.unwrap();
}

#[tokio::test]
async fn a_hold_that_is_being_set_is_waited_for() {
    let world = World::with(3, Binding::SetConfig).await;
    let holder = world.database.session().dedicated().await.unwrap();
    holder
        .batch("BEGIN; UPDATE tenancy.tenants SET legal_hold = 'court' WHERE id = 7")
        .await
        .unwrap();
    let admin = world.admin();
    let waiting = erasure(7);
    let (refused, ()) = futures_util::future::join(waiting.run(&admin, "alice", "x"), async {
        // Until it waits for the row.
        let waits = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND wait_event_type = 'Lock'",
            world.admin_role()
        );
        while world.one(&waits).await == "0" {}
        holder.batch("COMMIT").await.unwrap();
    })
    .await;
    assert!(matches!(refused, Err(ErasureError::LegalHold { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_hold_stops_an_erasure_in_chunks() {
    let world = World::with(10, Binding::SetConfig).await;
    let session = world.database.session().clone();
    let hold = Reporter::new(move |_: &Progress| {
        let hold = "UPDATE tenancy.tenants SET legal_hold = 'court' WHERE id = 7";
        session.batch_blocking(hold).unwrap();
    });
    let admin = world.admin();
    let stopped = erasure(7).in_chunks(4).report(hold).run(&admin, "alice", "x").await;
    assert!(matches!(stopped, Err(ErasureError::LegalHold { .. })), "{stopped:?}");
    assert!(world.rows_of(7).await > 1);
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    tenants.release(&TenantId::from(7), "settled").await.unwrap();
    erasure(7).in_chunks(4).run(&admin, "alice", "x").await.unwrap();
    assert_eq!(world.rows_of(7).await, 0);
}

#[tokio::test]
async fn rows_in_tables_that_nobody_declared_refuse_until_it_is_said_what_becomes_of_them() {
    let world = World::with(3, Binding::SetConfig).await;
    world
        .run(
            "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.history (tenant_id bigint, what text);
             INSERT INTO elsewhere.history SELECT t, 'x' FROM generate_series(1, 24) AS t;
             CREATE TABLE elsewhere.legacy (tenant_id text);
             CREATE MATERIALIZED VIEW elsewhere.totals AS SELECT tenant_id, count(*) FROM orders GROUP BY 1",
        )
        .await;
    let admin = world.admin();
    let unread = erasure(7).run(&admin, "alice", "x").await;
    assert!(matches!(unread, Err(ErasureError::NoPrivilege { .. })), "{unread:?}");
    let role = world.admin_role();
    world.run(&format!("GRANT USAGE ON SCHEMA elsewhere TO {role}; GRANT SELECT, DELETE ON elsewhere.history TO {role}")).await;
    let rows = world.rows_of(7).await;
    for refused in [erasure(7), erasure(7).in_chunks(2)] {
        let refused = refused.run(&admin, "alice", "x").await.unwrap_err();
        assert!(matches!(refused, ErasureError::Undeclared { .. }), "{refused}");
        assert!(refused.to_string().contains(r#""elsewhere"."history" (1 rows)"#), "{refused}");
    }
    assert_eq!(world.rows_of(7).await, rows);
    let history = TableName::new("history").and_then(|t| t.in_schema("elsewhere")).unwrap();
    let kept = erasure(7).keep(history, "the law").run(&admin, "alice", "x").await.unwrap();
    assert_eq!((kept.kept.len(), kept.kept[0].reason.as_str()), (1, "the law"));
    assert_eq!(kept.elsewhere.len(), 2, "{:?}", kept.elsewhere);
    let left = "SELECT count(*) FROM elsewhere.history WHERE tenant_id IN (7, 8)";
    assert_eq!((world.rows_of(7).await, world.one(left).await), (0, "2".to_owned()));
    erasure(8).and_undeclared().run(&admin, "alice", "x").await.unwrap();
    assert_eq!(world.one(left).await, "1");
    assert_eq!(world.one("SELECT count(*) FROM elsewhere.history").await, "23");
}

#[tokio::test]
async fn rows_of_others_that_hang_on_the_tenants_refuse_before_anything_is_deleted() {
    let world = World::with(3, Binding::SetConfig).await;
    let role = world.admin_role();
    world
        .run(&format!(
            "CREATE TABLE watchers (tenant_id bigint, customer int CONSTRAINT watched REFERENCES customers ON DELETE CASCADE);
             GRANT SELECT, DELETE ON watchers TO {role};
             INSERT INTO watchers VALUES (8, 7001)"
        ))
        .await;
    let admin = world.admin();
    let (rows, before) = (world.rows_of(7).await, world.checksums(7).await);
    let refused = erasure(7).and_undeclared().run(&admin, "alice", "x").await.unwrap_err();
    assert!(
        matches!(&refused, ErasureError::HangsOn { constraint, rows: 1, would: true, .. } if constraint == "watched"),
        "{refused}"
    );
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (rows, before));
    world.run("UPDATE watchers SET tenant_id = 7").await;
    erasure(7).and_undeclared().run(&admin, "alice", "x").await.unwrap();
    assert_eq!(world.one("SELECT count(*) FROM watchers").await, "0");
}

#[tokio::test]
async fn shared_rows_that_hang_on_the_tenants_are_told_or_refuse() {
    let world = World::with(3, Binding::SetConfig).await;
    world
        .run(
            "ALTER TABLE badges ADD customer int CONSTRAINT badge_of REFERENCES customers (id) ON DELETE CASCADE;
             UPDATE badges SET customer = id",
        )
        .await;
    let admin = world.admin();
    let plan = erasure(7).plan(&admin).await.unwrap();
    assert_eq!(
        (plan.also.len(), plan.also[0].rows, plan.also[0].effect.as_str()),
        (1, Some(1), "deleted")
    );
    let receipt = erasure(7).run(&admin, "alice", "x").await.unwrap();
    assert_eq!(receipt.also, plan.also);
    assert_eq!(world.one("SELECT count(*) FROM badges").await, "23");
    world
        .run("ALTER TABLE badges DROP CONSTRAINT badge_of; ALTER TABLE badges ADD CONSTRAINT badge_of FOREIGN KEY (customer) REFERENCES customers (id)")
        .await;
    let rows = world.rows_of(8).await;
    for refused in [erasure(8), erasure(8).in_chunks(1)] {
        let refused = refused.run(&admin, "alice", "x").await.unwrap_err();
        assert!(
            matches!(&refused, ErasureError::HangsOn { constraint, would: false, .. } if constraint == "badge_of"),
            "{refused}"
        );
    }
    assert_eq!(world.rows_of(8).await, rows);
}

#[tokio::test]
async fn a_trigger_that_keeps_rows_or_makes_them_anew_is_told_and_nothing_is_changed() {
    let world = World::with(3, Binding::SetConfig).await;
    world
        .run(
            "CREATE FUNCTION keeps() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER keeps BEFORE DELETE ON notes FOR EACH ROW EXECUTE FUNCTION keeps()",
        )
        .await;
    let admin = world.admin();
    let (rows, before) = (world.rows_of(7).await, world.checksums(7).await);
    let refused = erasure(7).run(&admin, "alice", "x").await.unwrap_err();
    assert!(
        matches!(&refused, ErasureError::Remains { table, .. } if table.contains("notes")),
        "{refused}"
    );
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (rows, before));
    // One that writes a history into a table that comes earlier is no obstacle.
    world
        .run(
            "DROP TRIGGER keeps ON notes;
             CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN INSERT INTO notes (id, tenant_id) VALUES (OLD.id, OLD.tenant_id); RETURN OLD; END';
             CREATE TRIGGER tells BEFORE DELETE ON customers FOR EACH ROW EXECUTE FUNCTION tells()",
        )
        .await;
    erasure(7).run(&admin, "alice", "x").await.unwrap();
    assert_eq!(world.rows_of(7).await, 0);
}

#[tokio::test]
async fn a_declared_table_that_is_not_there_is_told() {
    let world = World::with(2, Binding::SetConfig).await;
    world.run("DROP TABLE notes CASCADE").await;
    let missing = erasure(7).plan(&world.admin()).await.unwrap_err();
    assert!(matches!(missing, ErasureError::Core(Error::InvalidTenancy { .. })), "{missing}");
}
