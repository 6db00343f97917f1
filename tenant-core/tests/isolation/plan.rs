//! A plan brings a database with rows to where `up` brings one without.

use tenant_core::{Backfill, Error, Isolation, Phase, SqlSession, TableName, TenantId};
use tenant_testkit::TestDatabase;

use crate::fixture::{as_tenant, counts, found, isolation, one};

/// Rows of two tenants' customers; all other tables but the notes hang on those.
pub(crate) const ROWS: &str = r#"
    ALTER TABLE customers ADD tenant_id bigint;
    INSERT INTO customers (id, name, tenant_id) SELECT n, 'c' || n, 1 + n % 2 FROM generate_series(1, 10) AS n;
    INSERT INTO orders (id, customer) SELECT n, 1 + n % 10 FROM generate_series(1, 500) AS n;
    INSERT INTO lines (order_id, account_id) SELECT 1 + n % 500, NULL FROM generate_series(1, 2000) AS n;
    INSERT INTO events (customer, at) SELECT 1 + n % 10, '2025-01-01'::date + n FROM generate_series(1, 700) AS n;
    INSERT INTO "Support Desk".notes VALUES (1, 'x'); INSERT INTO "Support Desk".urgent VALUES (2, 'y', now());"#;

pub(crate) fn filled(isolation: Isolation) -> Isolation {
    let notes = TableName::new("notes").unwrap().in_schema("Support Desk").unwrap();
    let customer = Backfill::Along("orders_customer_fkey".to_owned());
    isolation
        .backfill(notes, Backfill::Value(TenantId::from(2)))
        .unwrap()
        .backfill(TableName::new("orders").unwrap(), customer)
        .unwrap()
}

async fn with_rows() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.session().batch(ROWS).await.unwrap();
    database
}

/// Everything that is installed, as `diff` sees it, and every constraint and index, without the
/// database's own name.
async fn end_state(database: &TestDatabase) -> String {
    let sql = r"SELECT string_agg(line, E'\n' ORDER BY line) FROM (
        SELECT concat_ws(' | ', kind, object, value) AS line FROM tenancy.installed
        UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            WHERE conrelid <> 0 AND connamespace <> 'information_schema'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'tenancy')
        UNION ALL SELECT format('%s %s %s', relname, relowner::regrole, relacl) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
            AND relnamespace IN ('public'::regnamespace, 'tenancy'::regnamespace)
        UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws(' ', 'ledger', kind, object, before) FROM tenancy.ledger
            WHERE object NOT LIKE 'TABLE tenancy.%') AS l";
    // Policies carry a hash of the roles' names, which carry the database's.
    let text = one(database, sql).await.replace(database.name(), "db");
    let hash = |word: &str| word.starts_with("tenancy_") && word.split('_').count() == 3;
    let words = text.split(' ').map(|word| if hash(word) { &word[..word.len() - 8] } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    // PostgreSQL names the partitions' indexes in the one, the plan in the other.
    let text = text.replace("_tenant_id_tenancy_idx ON", "_tenant_id_idx ON");
    // The texts of the parts carry it too.
    text.lines().filter(|line| !line.starts_with("part | ")).collect::<Vec<_>>().join("\n")
}

async fn assert_done(database: &TestDatabase) {
    let isolation = filled(isolation(database));
    let left = isolation.plan(database.session()).await.unwrap();
    assert!(left.is_empty(), "{left}");
    assert_eq!(isolation.diff(database.session()).await.unwrap(), []);
    let name = database.name();
    let tenant = format!("{name}_tenant");
    for (table, all) in [
        ("customers", 10),
        ("orders", 500),
        ("lines", 2000),
        ("events", 700),
        ("\"Support Desk\".notes", 2),
    ] {
        let first = counts(database, &tenant, "1", table).await;
        let second = counts(database, &tenant, "2", table).await;
        assert_eq!(first + second, all, "{table}: {first} and {second}");
        assert!(second > 0, "{table}");
    }
    as_tenant(database, "1", "INSERT INTO orders (id, customer) VALUES (9001, 2)").await.unwrap();
    as_tenant(database, "2", "INSERT INTO orders (id, customer) VALUES (9001, 2)")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_plan_ends_where_up_ends() {
    let database = with_rows().await;
    let plan = filled(isolation(&database)).plan(database.session()).await.unwrap();
    let before = one(&database, "SELECT count(*) FROM pg_class").await;
    assert_eq!(before, one(&database, "SELECT count(*) FROM pg_class").await);
    plan.run(database.session()).await.unwrap();
    let planned = end_state(&database).await;
    assert_done(&database).await;

    let other = TestDatabase::create().await.unwrap();
    found(&other).await;
    other.session().batch("ALTER TABLE customers ADD tenant_id bigint").await.unwrap();
    other.session().batch(&isolation(&other).up()).await.unwrap();
    let up = end_state(&other).await;
    let only = |a: &str, b: &str| {
        a.lines().filter(|l| !b.contains(l)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(only(&planned, &up), only(&up, &planned));
    assert!(up.lines().count() > 150, "{up}");
    let plan = isolation(&other).plan(other.session()).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn a_plan_that_is_ended_after_any_step_is_taken_up_there() {
    let database = with_rows().await;
    let all = filled(isolation(&database)).plan(database.session()).await.unwrap().steps.len();
    assert!(all > 40, "{all}");
    drop(database);
    // Every third, so that all kinds are met within a reasonable time.
    for done in (1..all).step_by(3) {
        let database = with_rows().await;
        let isolation = filled(isolation(&database));
        let mut plan = isolation.plan(database.session()).await.unwrap();
        let rest = plan.steps.split_off(done);
        plan.run(database.session()).await.unwrap();
        let again = isolation.plan(database.session()).await.unwrap();
        // A look changes nothing, and is taken again until its key is replaced.
        let titles = |steps: &[tenant_core::Step]| {
            let done = steps.iter().filter(|s| !s.title.contains("no row points at"));
            done.map(|s| s.title.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            titles(&again.steps),
            titles(&rest),
            "after {done} steps, the last one {}",
            plan.steps[done - 1].title
        );
        again.run(database.session()).await.unwrap();
        assert_done(&database).await;
    }
}

#[tokio::test]
async fn what_a_killed_step_left_half_built_goes_first() {
    let database = with_rows().await;
    let isolation = filled(isolation(&database));
    let mut plan = isolation.plan(database.session()).await.unwrap();
    let key = plan.steps.iter().position(|s| s.sql.contains("CREATE UNIQUE INDEX")).unwrap();
    plan.steps.truncate(key + 1);
    plan.run(database.session()).await.unwrap();
    let kill = "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ '_tenancy_(idx|key)$'
        AND (SELECT relkind FROM pg_class WHERE oid = indrelid) = 'r'";
    database.session().batch(kill).await.unwrap();
    let again = isolation.plan(database.session()).await.unwrap();
    let dropped =
        again.steps.iter().filter(|s| s.sql.starts_with("DROP INDEX CONCURRENTLY")).count();
    // The notes' index, and the key that the customers' foreign keys will reference.
    assert_eq!(dropped, 2, "{again}");
    again.run(database.session()).await.unwrap();
    assert_done(&database).await;
}

#[tokio::test]
async fn apply_plans_where_there_are_rows_and_is_one_transaction_where_there_are_none() {
    let database = with_rows().await;
    database.install(&filled(isolation(&database))).await.unwrap();
    assert_done(&database).await;
    let empty = TestDatabase::create().await.unwrap();
    found(&empty).await;
    empty
        .session()
        .batch(
            "CREATE VIEW theirs AS SELECT 1; GRANT SELECT ON theirs TO PUBLIC;
        ALTER TABLE lines ALTER account_id TYPE int",
        )
        .await
        .unwrap();
    let error = isolation(&empty).apply(empty.session()).await.unwrap_err();
    assert!(error.to_string().contains("must be of type bigint"), "{error}");
    assert_eq!(one(&empty, "to_regnamespace('tenancy')").await, "NULL");
}

#[tokio::test]
async fn a_plan_is_printed_to_be_reviewed_and_has_its_way_back() {
    let database = with_rows().await;
    let isolation = filled(isolation(&database));
    let plan = isolation.plan(database.session()).await.unwrap();
    let text = plan.to_string();
    for words in [
        "-- 1/",
        "outside of a transaction; locks:",
        "CREATE INDEX CONCURRENTLY",
        "Enforce, in a transaction",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(plan.notes.iter().any(|n| n.contains("_app has rights on")), "{:?}", plan.notes);
    let enforce = plan.steps.iter().position(|s| s.phase == Phase::Enforce).unwrap();
    assert!(plan.steps[enforce..].iter().all(|s| s.phase == Phase::Enforce && !s.is_alone()));
    assert_eq!(plan.down, isolation.down());
    // As migrations would run it.
    for step in &plan.steps {
        database.session().batch(&step.script()).await.unwrap();
    }
    assert_done(&database).await;
}

#[tokio::test]
async fn what_was_half_done_is_given_back() {
    let database = with_rows().await;
    let before = crate::given_back::catalogue(&database).await;
    let isolation = filled(isolation(&database));
    let mut plan = isolation.plan(database.session()).await.unwrap();
    let enforce = plan.steps.iter().position(|s| s.phase == Phase::Enforce).unwrap();
    plan.steps.truncate(enforce);
    plan.run(database.session()).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    crate::given_back::assert_same(&before, &crate::given_back::catalogue(&database).await);
}

#[tokio::test]
async fn what_was_planned_and_run_is_given_back() {
    let database = with_rows().await;
    let before = crate::given_back::catalogue(&database).await;
    let isolation = filled(isolation(&database));
    isolation.plan(database.session()).await.unwrap().run(database.session()).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    crate::given_back::assert_same(&before, &crate::given_back::catalogue(&database).await);
}

async fn refused(database: &TestDatabase, isolation: &Isolation) -> String {
    let error = isolation.plan(database.session()).await.unwrap_err();
    assert!(matches!(error, Error::Plan { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn rows_whose_tenant_nobody_can_tell_are_refused_with_what_to_say() {
    let database = with_rows().await;
    let said = refused(&database, &isolation(&database)).await;
    assert!(said.contains(r#""Support Desk"."notes" has rows that belong to no tenant"#), "{said}");
    let several = "ALTER TABLE orders ADD other int REFERENCES customers";
    database.session().batch(several).await.unwrap();
    let notes = TableName::new("notes").unwrap().in_schema("Support Desk").unwrap();
    let partly = isolation(&database).backfill(notes, Backfill::Value(TenantId::from(2))).unwrap();
    let said = refused(&database, &partly).await;
    assert!(said.contains("(orders_customer_fkey, orders_other_fkey)"), "{said}");
    let wrong = Backfill::Along("nowhere".to_owned());
    let said =
        refused(&database, &partly.backfill(TableName::new("orders").unwrap(), wrong).unwrap())
            .await;
    assert!(said.contains("no foreign key nowhere"), "{said}");
    let plans = isolation(&database)
        .backfill(TableName::new("plans").unwrap(), Backfill::Value(TenantId::from(2)));
    assert!(matches!(plans.unwrap_err(), Error::InvalidTenancy { .. }));
}

#[tokio::test]
async fn rows_that_point_nowhere_stop_the_plan_before_anything_is_switched_on() {
    let database = with_rows().await;
    database.session().batch("INSERT INTO lines (account_id) VALUES (NULL), (NULL)").await.unwrap();
    let isolation = filled(isolation(&database));
    let plan = isolation.plan(database.session()).await.unwrap();
    let error = plan.run(database.session()).await.unwrap_err().to_string();
    assert!(error.contains("2 rows of public.lines belong to no tenant"), "{error}");
    let walled = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace";
    assert_eq!(one(&database, walled).await, "0");
    database.session().batch("DELETE FROM lines WHERE order_id IS NULL").await.unwrap();
    database.install(&isolation).await.unwrap();
    assert_done(&database).await;
}

#[tokio::test]
async fn rows_that_cross_tenants_stop_the_plan_before_anything_is_switched_on() {
    let database = with_rows().await;
    let cross =
        "UPDATE lines SET account_id = 2; UPDATE lines SET account_id = 1 WHERE order_id % 20 = 0";
    database.session().batch(cross).await.unwrap();
    let plan = filled(isolation(&database)).plan(database.session()).await.unwrap();
    let error = plan.run(database.session()).await.unwrap_err().to_string();
    assert!(
        error.contains(
            "rows of public.lines point at rows of public.orders that belong to another tenant"
        ),
        "{error}"
    );
    assert_eq!(
        one(&database, "SELECT count(*) FROM pg_policies WHERE policyname LIKE 'tenancy%'").await,
        "0"
    );
}

#[tokio::test]
async fn logins_that_would_be_refused_are_named_before_anything_runs() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let name = database.name();
    let owner = format!(
        "CREATE ROLE {name}_legacy LOGIN; ALTER TABLE lines OWNER TO {name}_legacy; {ROWS}"
    );
    database.session().batch(&owner).await.unwrap();
    let plan = filled(isolation(&database)).plan(database.session()).await.unwrap();
    let told =
        |what: &str| plan.notes.iter().any(|note| note.starts_with(&what.replace("{}", name)));
    assert!(
        told("{}_legacy owns public.lines, which becomes the owner role's"),
        "{:#?}",
        plan.notes
    );
    assert!(told("{}_app has rights on public.orders and no policy there"), "{:#?}", plan.notes);
    plan.run(database.session()).await.unwrap();
    let again = filled(isolation(&database)).plan(database.session()).await.unwrap();
    assert!(!again.notes.iter().any(|note| note.contains("_legacy")), "{:#?}", again.notes);
}
