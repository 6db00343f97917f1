//! `diff` names what was changed by hand, and what it says mends it does.

use tenant_core::{Difference, SqlSession};
use tenant_testkit::TestDatabase;

use crate::fixture::{found, is_true, isolation, single};

async fn installed() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    database
}

async fn differences(database: &TestDatabase) -> Vec<Difference> {
    isolation(database).diff(database.session()).await.unwrap()
}

/// Does it, and returns the differences that are found then; after their SQL there are none.
async fn after(change: &str) -> Vec<Difference> {
    let database = installed().await;
    let change = change.replace("{db}", database.name());
    database.session().batch(&change).await.unwrap();
    let found = differences(&database).await;
    assert!(!found.is_empty(), "not seen: {change}");
    for difference in &found {
        let mend = difference.mend.as_ref().unwrap_or_else(|| panic!("no mend: {difference}"));
        let mend = format!("BEGIN; SET LOCAL search_path = pg_catalog; {mend}; COMMIT");
        database.session().batch(&mend).await.unwrap_or_else(|e| panic!("{difference}: {e}"));
    }
    let left = differences(&database).await;
    // A new partition is part of the installation from the next `up` on.
    let left: Vec<_> = left.into_iter().filter(|d| d.kind != "partition").collect();
    assert!(left.is_empty(), "{change} left {left:?}");
    found
}

/// The one difference, as `kind object`.
async fn named(change: &str) -> String {
    let found = after(change).await;
    assert_eq!(found.len(), 1, "{found:?}");
    format!("{} {}", found[0].kind, found[0].object)
}

#[tokio::test]
async fn right_after_the_installation_there_is_none() {
    let database = installed().await;
    assert_eq!(differences(&database).await, []);
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(differences(&database).await, []);
}

#[tokio::test]
async fn under_a_single_role_there_is_none_either() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let isolation = single(&database);
    database.install(&isolation).await.unwrap();
    assert_eq!(isolation.diff(database.session()).await.unwrap(), []);
}

#[tokio::test]
async fn a_database_without_an_installation_is_told() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let found = differences(&database).await;
    assert_eq!((found.len(), found[0].kind.as_str()), (1, "installation"));
}

fn on_policy(what: &str, then: &str) -> String {
    format!(
        "DO $$ BEGIN EXECUTE (SELECT format('{then}', polname) FROM pg_policy
         WHERE polrelid = 'orders'::regclass AND polname LIKE 'tenancy_{what}%'); END $$"
    )
}

#[tokio::test]
async fn a_policy_dropped_or_altered_is_named() {
    let dropped = named(&on_policy("wall", "DROP POLICY %I ON orders")).await;
    assert!(dropped.starts_with("policy tenancy_wall_"), "{dropped}");
    let altered = after(&on_policy("select", "ALTER POLICY %I ON orders USING (true)")).await;
    assert!(altered[0].found.as_deref().unwrap().ends_with("USING true"), "{altered:?}");
    assert!(altered[0].to_string().contains("should be `PERMISSIVE r"), "{}", altered[0]);
    named(&on_policy("select", "ALTER POLICY %I ON orders TO PUBLIC")).await;
}

#[tokio::test]
async fn a_policy_added_beside_ours_is_named_and_stays_so_after_another_up() {
    let add = "CREATE POLICY wide ON orders USING (true)";
    assert_eq!(named(add).await, "foreign policy wide on public.orders");
    let database = installed().await;
    database.session().batch(add).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(differences(&database).await.len(), 1);
}

#[tokio::test]
async fn row_security_switched_off_or_not_forced_is_named() {
    for change in ["DISABLE", "NO FORCE"] {
        let change = format!("ALTER TABLE events_2026 {change} ROW LEVEL SECURITY");
        assert_eq!(named(&change).await, "row security public.events_2026");
    }
}

#[tokio::test]
async fn a_default_or_not_null_that_was_changed_is_named() {
    for change in ["SET DEFAULT 1", "DROP DEFAULT", "DROP NOT NULL"] {
        let change = format!("ALTER TABLE lines ALTER COLUMN account_id {change}");
        assert_eq!(named(&change).await, "column public.lines.account_id");
    }
}

#[tokio::test]
async fn grants_given_and_taken_are_named() {
    for (change, object) in [
        ("GRANT TRUNCATE ON orders TO {db}_tenant", "grant public.orders to "),
        ("REVOKE INSERT ON orders FROM {db}_tenant", "grant public.orders to "),
        ("GRANT SELECT (what) ON audit TO PUBLIC", "grant public.audit to PUBLIC"),
        ("GRANT SELECT ON counted TO {db}_login", "grant public.counted to "),
        ("GRANT SELECT ON events_2026 TO {db}_tenant", "grant public.events_2026 to "),
        ("GRANT CREATE ON SCHEMA public TO {db}_tenant", "schema grant public to "),
        ("GRANT TEMPORARY ON DATABASE {db} TO PUBLIC", "database grant "),
        ("GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO PUBLIC", "function grant "),
        ("GRANT SELECT ON tenancy.tenants TO {db}_tenant", "grant tenancy.tenants to "),
    ] {
        let named = named(change).await;
        assert!(named.starts_with(object), "{change}: {named}");
    }
}

#[tokio::test]
async fn an_owner_a_function_and_a_view_that_were_changed_are_named() {
    let owner = after("ALTER TABLE orders OWNER TO {db}_old").await;
    assert!(owner.iter().any(|d| d.kind == "owner" && d.object == "public.orders"), "{owner:?}");
    let body =
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS bigint STABLE PARALLEL SAFE
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN 1; END'";
    assert_eq!(named(body).await, "function tenancy.current_tenant()");
    let seal = "DROP FUNCTION tenancy.current_actor();
        CREATE FUNCTION tenancy.current_actor() RETURNS text LANGUAGE sql AS $$ SELECT 'root' $$;
        REVOKE ALL ON FUNCTION tenancy.current_actor() FROM PUBLIC;
        ALTER FUNCTION tenancy.current_actor() OWNER TO {db}_owner;
        GRANT EXECUTE ON FUNCTION tenancy.current_actor() TO {db}_tenant, {db}_admin";
    assert_eq!(named(seal).await, "function tenancy.current_actor()");
    assert_eq!(named("ALTER VIEW totals RESET (security_invoker)").await, "view public.totals");
    let planted = "CREATE FUNCTION tenancy.planted() RETURNS int LANGUAGE sql AS 'SELECT 1';
        REVOKE ALL ON FUNCTION tenancy.planted() FROM PUBLIC";
    assert_eq!(named(planted).await, "function tenancy.planted()");
}

#[tokio::test]
async fn roles_that_became_more_are_named() {
    for (change, kind) in [
        ("ALTER ROLE {db}_tenant BYPASSRLS", "role "),
        ("ALTER ROLE {db}_login INHERIT", "role "),
        ("GRANT {db}_admin TO {db}_login", "member "),
        ("GRANT pg_read_all_data TO {db}_tenant", "member "),
        ("ALTER ROLE {db}_owner IN DATABASE {db} SET row_security = on", "role setting "),
    ] {
        let named = named(change).await;
        assert!(named.starts_with(kind), "{change}: {named}");
    }
}

#[tokio::test]
async fn a_foreign_key_or_an_index_that_went_is_named() {
    let key = named("ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey").await;
    assert_eq!(key, "foreign key orders_customer_fkey on public.orders");
    let database = installed().await;
    // The key that the foreign keys want leads with the tenant too, so there is no other.
    let index = "SELECT to_regclass('orders_tenant_id_tenancy_idx') IS NULL";
    assert!(is_true(&database, index).await);
    database.session().batch("DROP INDEX events_tenant_id_tenancy_idx").await.unwrap();
    assert_eq!(
        differences(&database).await[0].to_string().lines().next().unwrap(),
        "index public.events: is `none led by the tenant`, should be `led by the tenant`"
    );
}

#[tokio::test]
async fn a_partition_that_came_and_a_table_that_went_are_named() {
    let change = "CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')";
    assert_eq!(named(change).await, "partition public.events_2027");
    let database = installed().await;
    database.session().batch("DROP TABLE lines; DROP TABLE events_2026").await.unwrap();
    let found = differences(&database).await;
    assert_eq!(found.len(), 1, "a partition may go: {found:?}");
    assert_eq!(found[0].object, "\"public\".\"lines\"");
}

#[tokio::test]
async fn a_trigger_that_tells_of_changes_and_is_gone_or_off_is_named() {
    let gone = named("DROP TRIGGER tell_change ON tenancy.tenants").await;
    assert_eq!(gone, "trigger tell_change on tenancy.tenants");
    let off = named("ALTER TABLE tenancy.members DISABLE TRIGGER tell_change").await;
    assert_eq!(off, "trigger tell_change on tenancy.members");
}
