//! What hangs on the tenant's rows by way of tables that have no tenant column.

use tenant_core::{Binding, ErasureError, TableName};

use super::world::{World, erasure};

/// `customers` <- `b` <- `d`, of which only the one in the middle has no tenant column; `b` also
/// refers to itself, and `e` hangs below it.
const CHAIN: &str = "
    CREATE TABLE b (id int PRIMARY KEY, customer int CONSTRAINT b_of REFERENCES customers ON DELETE CASCADE,
        above int CONSTRAINT b_below REFERENCES b ON DELETE CASCADE);
    CREATE TABLE d (id int PRIMARY KEY, tenant_id bigint, b int CONSTRAINT d_of REFERENCES b ON DELETE {does});
    CREATE TABLE e (b int CONSTRAINT e_of REFERENCES b ON DELETE CASCADE);
    GRANT SELECT, DELETE ON b, d, e TO {role};
    INSERT INTO b VALUES (1, 7001, NULL), (2, NULL, 1), (3, NULL, 2), (4, 8001, NULL);
    INSERT INTO e VALUES (3), (4);
    INSERT INTO d VALUES (1, 8, {at}), (2, 7, 1), (3, 8, 4)";

async fn chained(does: &str, at: &str) -> World {
    let world = World::with(3, Binding::SetConfig).await;
    let sql = CHAIN.replace("{does}", does).replace("{role}", &world.admin_role());
    world.run(&sql.replace("{at}", at)).await;
    world
}

#[tokio::test]
async fn rows_of_others_behind_a_table_without_a_tenant_refuse_before_anything_is_deleted() {
    for (does, at) in [("CASCADE", "1"), ("CASCADE", "3"), ("SET NULL", "1"), ("SET DEFAULT", "3")]
    {
        let world = chained(does, at).await;
        let admin = world.admin();
        let (rows, before) = (world.rows_of(7).await, world.checksums(7).await);
        for refused in [erasure(7), erasure(7).in_chunks(2)] {
            let refused = refused.and_undeclared().run(&admin, "alice", "x").await.unwrap_err();
            assert!(
                matches!(&refused, ErasureError::HangsOn { constraint, rows: 1, would: true, .. } if constraint == "d_of"),
                "{does} {at}: {refused}"
            );
        }
        assert_eq!((world.rows_of(7).await, world.checksums(7).await), (rows, before));
        assert_eq!(
            world.one("SELECT string_agg(tenant_id || ':' || b, ' ' ORDER BY id) FROM d").await,
            format!("8:{at} 7:1 8:4")
        );
        assert_eq!(world.one("SELECT count(*) FROM b").await, "4");
    }
}

#[tokio::test]
async fn the_tenants_own_rows_behind_a_table_without_a_tenant_are_erased_and_counted() {
    for (does, chunks) in
        [("CASCADE", None), ("CASCADE", Some(1)), ("NO ACTION", Some(1)), ("RESTRICT", None)]
    {
        let world = chained(does, "3").await;
        world.run("UPDATE d SET tenant_id = 7 WHERE id = 1").await;
        let admin = world.admin();
        let erasure = erasure(7).and_undeclared();
        let erasure = chunks.map_or(erasure.clone(), |rows| erasure.in_chunks(rows));
        let plan = erasure.plan(&admin).await.unwrap();
        let also = |constraint: &str| {
            let found = plan.also.iter().find(|also| also.constraint == constraint);
            found.map(|also| (also.rows, also.effect.as_str()))
        };
        assert_eq!(also("b_of"), Some((Some(1), "deleted")), "{plan}");
        assert_eq!(also("b_below"), Some((Some(2), "deleted")), "{plan}");
        assert_eq!(also("e_of"), Some((Some(1), "deleted")), "{plan}");
        let receipt = erasure.run(&admin, "alice", "x").await.unwrap();
        assert_eq!(receipt.also, plan.also);
        let d = receipt.tables.iter().find(|table| table.table == r#""public"."d""#).unwrap();
        assert_eq!(d.rows, 2, "{does}");
        assert_eq!(world.one("SELECT string_agg(id || ':' || tenant_id, ' ') FROM d").await, "3:8");
        assert_eq!(world.one("SELECT string_agg(id::text, ' ') FROM b").await, "4");
        assert_eq!(world.one("SELECT string_agg(b::text, ' ') FROM e").await, "4");
    }
}

#[tokio::test]
async fn a_chain_that_the_login_cannot_see_refuses() {
    let hidden = [
        "REVOKE SELECT ON b FROM {role}",
        "ALTER TABLE b ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON b USING (id > 3);
         ALTER ROLE {role} NOBYPASSRLS",
    ];
    for hide in hidden {
        let world = chained("CASCADE", "1").await;
        world.run(&hide.replace("{role}", &world.admin_role())).await;
        let rows = world.rows_of(7).await;
        let refused = erasure(7).and_undeclared().run(&world.admin(), "alice", "x").await;
        assert!(
            matches!(&refused, Err(ErasureError::NoPrivilege { table, .. }) if table == r#""public"."b""#),
            "{refused:?}"
        );
        assert_eq!(
            (world.rows_of(7).await, world.one("SELECT count(*) FROM d").await),
            (rows, "3".to_owned())
        );
    }
}

#[tokio::test]
async fn kept_rows_that_would_go_refuse_also_where_the_login_cannot_read_them() {
    let world = World::with(3, Binding::SetConfig).await;
    world
        .run(
            "CREATE TABLE invoices (tenant_id bigint, customer int) PARTITION BY LIST (tenant_id);
             CREATE TABLE invoices_7 PARTITION OF invoices FOR VALUES IN (7);
             ALTER TABLE invoices ADD CONSTRAINT invoiced FOREIGN KEY (customer) REFERENCES customers ON DELETE CASCADE;
             INSERT INTO invoices VALUES (7, 7001)",
        )
        .await;
    let admin = world.admin();
    let keep = || erasure(7).keep(TableName::new("invoices").unwrap(), "the law");
    let (rows, kept) = (world.rows_of(7).await, "SELECT count(*) FROM invoices");
    let hidden = async |table: &str| {
        let refused = keep().run(&admin, "alice", "x").await;
        assert!(
            matches!(&refused, Err(ErasureError::NoPrivilege { table: named, .. }) if named.contains(table)),
            "{refused:?}"
        );
        assert_eq!((world.rows_of(7).await, world.one(kept).await), (rows, "1".to_owned()));
    };
    hidden("invoices").await;
    // A key that only the partition has.
    world
        .run(
            "ALTER TABLE invoices DROP CONSTRAINT invoiced;
             ALTER TABLE invoices_7 ADD CONSTRAINT invoiced FOREIGN KEY (customer) REFERENCES customers ON DELETE CASCADE",
        )
        .await;
    world.run(&format!("GRANT SELECT ON invoices TO {}", world.admin_role())).await;
    hidden("invoices_7").await;
    world.run(&format!("GRANT SELECT ON invoices_7 TO {}", world.admin_role())).await;
    let refused = keep().run(&admin, "alice", "x").await;
    assert!(matches!(&refused, Err(ErasureError::HangsOn { would: true, .. })), "{refused:?}");
    world.run("ALTER TABLE invoices_7 DROP CONSTRAINT invoiced").await;
    keep().run(&admin, "alice", "x").await.unwrap();
    assert_eq!((world.rows_of(7).await, world.one(kept).await), (0, "1".to_owned()));
}
