//! Policies, under names that say what is in them.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{as_tenant, found, is_true, isolation, layout, one, tenancy};

const NAMES: &str = "SELECT string_agg(polname, ' ' ORDER BY polname) FROM pg_policy \
                     WHERE polrelid = 'orders'::regclass";

#[tokio::test]
async fn a_policy_that_changes_gets_another_name_and_the_old_one_goes() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let first = one(&database, NAMES).await;
    let old = "CREATE POLICY tenancy_select ON orders USING (true);
               CREATE POLICY tenancy_owner ON orders USING (true)";
    database.session().batch(old).await.unwrap();
    database.install(&isolation(&database)).await.unwrap();
    assert_eq!(one(&database, NAMES).await, first, "the foundation's names go");
    let claim = tenant_core::TenantSource::members(tenant_core::Claim::Setting("app.user".into()));
    let other = layout(&database).tenant_source(claim.unwrap()).unwrap();
    let other = tenant_core::Isolation::new(&tenancy(), &other).unwrap();
    database.install(&other).await.unwrap();
    let second = one(&database, NAMES).await;
    assert_eq!(second.split(' ').count(), first.split(' ').count());
    let kept = second.split(' ').filter(|name| first.split(' ').any(|old| old == *name));
    assert_eq!(kept.count(), 4, "those that do not ask for the tenant: {first}; {second}");
}

#[tokio::test]
async fn a_policy_altered_by_hand_under_its_own_name_is_made_anew() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let alter = "DO $$ BEGIN EXECUTE (SELECT format('ALTER POLICY %I ON orders USING (true)', polname)
        FROM pg_policy WHERE polrelid = 'orders'::regclass AND polname LIKE 'tenancy_wall%'); END $$";
    database.session().batch(alter).await.unwrap();
    let open = "(SELECT bool_or(pg_get_expr(polqual, polrelid) = 'true') FROM pg_policy
        WHERE polrelid = 'orders'::regclass AND polname LIKE 'tenancy_wall%')";
    assert!(is_true(&database, open).await);
    database.install(&isolation(&database)).await.unwrap();
    assert!(!is_true(&database, open).await);
}

#[tokio::test]
async fn a_row_that_points_at_another_tenants_row_is_refused() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    as_tenant(&database, "1", "INSERT INTO customers (id, name) VALUES (10, 'x')").await.unwrap();
    as_tenant(&database, "1", "INSERT INTO orders (customer) VALUES (10)").await.unwrap();
    let across = as_tenant(&database, "2", "INSERT INTO orders (customer) VALUES (10)").await;
    assert_eq!(across.unwrap_err().sqlstate.as_deref(), Some("23503"));
}

#[tokio::test]
async fn twin_with_the_key_as_it_was_found_it_is_accepted() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let back = "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey;
        ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customers";
    database.session().batch(back).await.unwrap();
    as_tenant(&database, "1", "INSERT INTO customers (id, name) VALUES (10, 'x')").await.unwrap();
    as_tenant(&database, "2", "INSERT INTO orders (customer) VALUES (10)").await.unwrap();
}

#[tokio::test]
async fn a_key_keeps_its_name_actions_and_deferral() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let of = |name: &str| {
        format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{name}' AND conparentid = 0"
        )
    };
    assert_eq!(
        one(&database, &of("orders_parent_fkey")).await,
        "FOREIGN KEY (tenant_id, parent) REFERENCES orders(tenant_id, id) ON DELETE SET NULL (parent) \
         DEFERRABLE INITIALLY DEFERRED"
    );
    assert_eq!(
        one(&database, &of("of_order")).await,
        "FOREIGN KEY (account_id, order_id) REFERENCES orders(tenant_id, id) ON UPDATE CASCADE"
    );
    let insert = "INSERT INTO customers (id) VALUES (1); INSERT INTO orders (id, customer) VALUES (1, 1);
        INSERT INTO orders (id, customer, parent) VALUES (2, 1, 1); INSERT INTO lines DEFAULT VALUES;
        DELETE FROM orders WHERE id = 1";
    as_tenant(&database, "5", insert).await.unwrap();
    assert!(
        is_true(&database, "SELECT parent IS NULL AND tenant_id = 5 FROM orders WHERE id = 2")
            .await
    );
}

#[tokio::test]
async fn rows_that_cross_already_are_counted_and_nothing_is_changed() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let rows =
        "ALTER TABLE customers ADD tenant_id bigint; ALTER TABLE orders ADD tenant_id bigint;
        INSERT INTO customers (id, tenant_id) VALUES (1, 1);
        INSERT INTO orders (customer, tenant_id) VALUES (1, 1), (1, 2), (1, 3)";
    database.session().batch(rows).await.unwrap();
    let up = isolation(&database).up();
    let error = database.session().batch(&up).await.unwrap_err().to_string();
    assert!(error.contains("2 rows of public.orders point at rows of public.customers"), "{error}");
    let (_, look) = error.split_once("see them with: ").unwrap();
    let look = look.split(" (SQLSTATE").next().unwrap();
    assert_eq!(one(&database, &format!("SELECT count(*) FROM ({look}) AS x")).await, "2");
    assert!(is_true(&database, "to_regnamespace('tenancy') IS NULL").await);
}

#[tokio::test]
async fn a_key_that_would_set_the_tenant_to_null_is_refused() {
    for action in ["ON UPDATE SET NULL", "MATCH FULL"] {
        let database = TestDatabase::create().await.unwrap();
        found(&database).await;
        let key = format!(
            "ALTER TABLE customers ADD code int, ADD UNIQUE (id, code); ALTER TABLE orders ADD code int,
             ADD FOREIGN KEY (customer, code) REFERENCES customers (id, code) {action}"
        );
        database.session().batch(&key).await.unwrap();
        let error = isolation(&database).apply(database.session()).await.unwrap_err().to_string();
        assert!(error.contains("orders_customer_code_fkey"), "{error}");
        assert!(is_true(&database, "to_regnamespace('tenancy') IS NULL").await);
    }
}
