//! What an import refuses, and that nothing is written then.

use tenant_core::{Import, ImportError, SqlSession as _, TableName, Tenancy, TenantKey};

use crate::fixture::Shop;

fn two(tables: [&str; 2]) -> Tenancy {
    tables
        .iter()
        .fold(Tenancy::new(TenantKey::Bigint), |all, t| all.tenant_table(TableName::new(t), None))
}

#[tokio::test]
async fn a_tenant_that_has_rows_or_is_not_there_is_refused() {
    let shop = Shop::open().await;
    shop.to_folder(1, "out").await.unwrap();
    let full = shop.imported(shop.import("out")).await;
    assert!(matches!(full, Err(ImportError::NotEmpty { .. })), "{full:?}");
    let unknown = shop.imported(shop.import("out").into_tenant(9)).await;
    assert!(matches!(unknown, Err(ImportError::UnknownTenant(_))), "{unknown:?}");
    shop.run("UPDATE tenancy.tenants SET status = 'deleted' WHERE id = 3").await;
    let deleted = shop.imported(shop.import("out").into_tenant(3)).await;
    assert!(matches!(deleted, Err(ImportError::Deleted(_))), "{deleted:?}");
}

#[tokio::test]
async fn a_key_that_is_taken_is_told_and_nothing_is_written() {
    let shop = Shop::open().await;
    shop.to_folder(1, "out").await.unwrap();
    let empty = shop.checksum(3).await;
    let taken = shop.imported(shop.import("out").into_tenant(3)).await.unwrap_err();
    assert!(matches!(taken, ImportError::KeyTaken { .. }), "{taken}");
    assert!(taken.to_string().contains("is taken in \"public\"."), "{taken}");
    assert_eq!(shop.checksum(3).await, empty);
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.audit WHERE event = 'imported'").await, "0");
}

#[tokio::test]
async fn another_schema_is_refused_with_what_differs() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.to_folder(1, "out").await.unwrap();
    let import = || Import::new(into.tenancy(), from.path("out"));
    into.run(
        "ALTER TABLE keyless ADD COLUMN since date DEFAULT '2026-01-01', ALTER COLUMN what TYPE varchar(9);
         ALTER TABLE players RENAME COLUMN name TO called",
    )
    .await;
    let refused = into.imported(import()).await.unwrap_err();
    let ImportError::Schema(differences) = &refused else { unreachable!("{refused}") };
    assert_eq!(
        differences,
        &[
            r#"public.players has no column "name" here"#,
            r#""what" of public.keyless is character varying(9) here and text in the export"#,
            r#"public.keyless has a column "since" here and not in the export"#,
            r#"public.players has a column "called" here and not in the export"#,
        ]
        .map(|text| text
            .replace("public.", "\"public\".")
            .replace(".players", ".\"players\"")
            .replace(".keyless", ".\"keyless\"")),
    );
    // What would be lost stays an error.
    let lost = into.imported(import().other_schema_unchecked("a test")).await.unwrap_err();
    assert!(matches!(&lost, ImportError::Schema(lost) if lost.len() == 1), "{lost}");
    into.run("ALTER TABLE players RENAME COLUMN called TO name").await;
    into.imported(import().other_schema_unchecked("a test")).await.unwrap();
    assert_eq!(into.one("SELECT DISTINCT since FROM keyless").await, "2026-01-01");
    let why = "SELECT detail::json ->> 'other_schema' FROM tenancy.audit WHERE event = 'imported'";
    assert_eq!(into.one(why).await, "a test");
}

/// A value that no longer fits is refused, not cut.
#[tokio::test]
async fn a_type_that_became_shorter_refuses_what_is_too_long() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.run("UPDATE keyless SET what = 'longer than nine'").await;
    from.to_folder(1, "out").await.unwrap();
    into.run("ALTER TABLE keyless ALTER COLUMN what TYPE varchar(9)").await;
    let import = Import::new(into.tenancy(), from.path("out"));
    let refused = into.imported(import.other_schema_unchecked("a test")).await;
    assert!(matches!(refused, Err(ImportError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_a_trigger_changes_or_swallows_is_told() {
    let triggers = [
        "NEW.what := upper(NEW.what); RETURN NEW;",
        "RETURN NULL;",
        "INSERT INTO bare (tenant_id) VALUES (NEW.tenant_id); RETURN NEW;",
    ];
    for (number, body) in triggers.iter().enumerate() {
        let (from, into) = (Shop::open().await, Shop::empty().await);
        from.to_folder(1, "out").await.unwrap();
        let trigger = format!(
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public \
             AS $$ BEGIN {body} END $$;
             CREATE TRIGGER meddle BEFORE INSERT ON keyless FOR EACH ROW EXECUTE FUNCTION meddle()"
        );
        into.run(&trigger).await;
        let import = || Import::new(into.tenancy(), from.path("out"));
        let refused = into.imported(import()).await;
        assert!(matches!(refused, Err(ImportError::Changed { .. })), "{body}: {refused:?}");
        assert_eq!(into.one("SELECT count(*) FROM people").await, "0");
        // Where it is meant to: what is there is still counted.
        let meant = into.imported(import().changed_rows_unchecked("a test")).await;
        assert_eq!(meant.is_ok(), number == 0, "{meant:?}");
    }
}

#[tokio::test]
async fn the_next_insert_does_not_meet_an_imported_key() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.to_folder(2, "out").await.unwrap();
    into.imported(Import::new(into.tenancy(), from.path("out"))).await.unwrap();
    for table in ["people", "\"Order Lines\"", "events"] {
        let more = match table {
            "events" => format!("INSERT INTO {table} (tenant_id, at) VALUES (1, '2026-02-02')"),
            _ => format!("INSERT INTO {table} (tenant_id) VALUES (1)"),
        };
        into.run(&more).await;
    }
    let next = r#"(SELECT max(id) FROM people) || ' ' || (SELECT max("Line") FROM "Order Lines")"#;
    assert_eq!(into.one(next).await, "9 19");
    // And a sequence that is further on stays.
    from.erase(2).await;
    let last = "SELECT last_value FROM people_id_seq";
    from.run("SELECT setval('people_id_seq', 1000)").await;
    from.imported(from.import("out")).await.unwrap();
    assert_eq!(from.one(last).await, "1000");
}

#[tokio::test]
async fn a_circle_that_cannot_be_entered_is_told_before_anything_is_written() {
    let tables = "CREATE TABLE hens (id int PRIMARY KEY, egg int NOT NULL);
        CREATE TABLE eggs (id int PRIMARY KEY, hen int NOT NULL REFERENCES hens DEFERRABLE);
        ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs";
    let from = Shop::with(tables, two(["hens", "eggs"])).await;
    from.run(
        "SET CONSTRAINTS ALL DEFERRED; INSERT INTO eggs (tenant_id, id, hen) VALUES (1, 1, 1);
         INSERT INTO hens (tenant_id, id, egg) VALUES (1, 1, 1)",
    )
    .await;
    from.to_folder(1, "out").await.unwrap();
    let hard = Shop::with(&tables.replace(" DEFERRABLE", ""), two(["hens", "eggs"])).await;
    let import = || Import::new(from.tenancy(), from.path("out"));
    let refused = hard.imported(import()).await;
    assert!(
        matches!(&refused, Err(ImportError::Cycle(tables)) if tables.len() == 2),
        "{refused:?}"
    );
    // Twin: where one of the keys waits, it is entered there.
    let soft = Shop::with(tables, two(["hens", "eggs"])).await;
    soft.imported(import()).await.unwrap();
}

#[tokio::test]
async fn undeclared_tables_with_a_tenant_column_are_told() {
    let shop = Shop::open().await;
    shop.run("CREATE TABLE forgotten (tenant_id bigint, secret text)").await;
    let manifest = shop.to_folder(1, "out").await.unwrap();
    assert!(manifest.undeclared.iter().any(|table| table.contains("forgotten")), "{manifest:?}");
}

#[tokio::test]
async fn rows_of_a_child_table_are_not_exported_without_their_own_columns() {
    let tables = "CREATE TABLE notes (id int); CREATE TABLE urgent (due date) INHERITS (notes)";
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("notes"), None);
    let shop = Shop::with(tables, tenancy).await;
    shop.run("INSERT INTO notes (tenant_id, id) VALUES (1, 1)").await;
    shop.to_folder(1, "out").await.unwrap();
    shop.run("INSERT INTO urgent (tenant_id, id, due) VALUES (1, 2, '2026-01-01')").await;
    let refused = shop.to_folder(1, "more").await;
    assert!(
        matches!(refused, Err(tenant_core::ExportError::Inherited { rows: 1, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn two_imports_into_one_tenant_at_once_are_one() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.to_folder(1, "out").await.unwrap();
    let import = || into.imported(Import::new(into.tenancy(), from.path("out")));
    let (a, b) = futures_util::future::join(import(), import()).await;
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(into.checksum(1).await, from.checksum(1).await);
}

/// As it does for another import, which holds the same lock.
#[tokio::test]
async fn an_import_waits_for_who_has_locked_its_tenant() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.to_folder(1, "out").await.unwrap();
    let holder = into.database.session().dedicated().await.unwrap();
    let lock = "BEGIN; SELECT FROM tenancy.tenants WHERE id = 1 FOR NO KEY UPDATE";
    holder.batch(lock).await.unwrap();
    let waits = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        for _ in 0..3000 {
            if into.one(waiting).await == "1" {
                holder.batch("COMMIT").await.unwrap();
                return true;
            }
        }
        false
    };
    let import = into.imported(Import::new(into.tenancy(), from.path("out")));
    let (imported, waited) = futures_util::future::join(import, waits).await;
    imported.unwrap();
    assert!(waited);
}

/// A number that any tenant's SQL can lock is not what an import waits for.
#[tokio::test]
async fn an_advisory_lock_of_a_tenant_does_not_hinder_an_import() {
    let (from, into) = (Shop::open().await, Shop::empty().await);
    from.to_folder(1, "out").await.unwrap();
    let tenant = into.database.session().dedicated().await.unwrap();
    let lock = "SELECT pg_advisory_lock(hashtextextended('tenancy import 1', 0))";
    tenant.batch(lock).await.unwrap();
    into.imported(Import::new(into.tenancy(), from.path("out"))).await.unwrap();
    drop(tenant);
}

#[tokio::test]
async fn a_layout_says_where_tables_without_a_schema_are() {
    let shop = Shop::open().await;
    let layout = tenant_core::Layout::new(shop.database.name()).unwrap();
    let export = shop.export(1).layout(&layout.clone().schemas(["elsewhere"]).unwrap());
    assert!(export.to_folder(&shop.admin(), shop.path("out")).await.is_err());
    shop.export(1).layout(&layout).to_folder(&shop.admin(), shop.path("out")).await.unwrap();
}
