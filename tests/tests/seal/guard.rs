//! What was opened is kept by the server: in a parameter that the owner's functions may set, and
//! nobody else.

use diesel_async::SimpleAsyncConnection;
use tenant_core::{Binding, Isolation, Layout, SqlSession};
use tenant_testkit::TestDatabase;

use crate::fixture::{
    ADAPTERS, SEES_ITS_OWN, SEES_THE_OTHER, Shop, Wall, plain, runs, seal, tenancy,
};

/// What the parameter says of tenant 2 and nobody.
const THEIRS: &str = "tenant__32__";

/// What an attacker runs in tenant 1's transaction to name tenant 2 there.
fn switches() -> Vec<(&'static str, String)> {
    let set = format!("SELECT set_config('backtrace_functions', '{THEIRS}', true)");
    let local = format!("SET LOCAL backtrace_functions = '{THEIRS}'");
    vec![
        ("set_config", set.clone()),
        (
            "set_config for the session",
            format!("SELECT set_config('backtrace_functions', '{THEIRS}', false)"),
        ),
        ("SET LOCAL", local.clone()),
        ("SET", format!("SET backtrace_functions = '{THEIRS}'")),
        ("in another case", format!("SET LOCAL \"Backtrace_Functions\" = '{THEIRS}'")),
        (
            "in the WHERE of the query itself",
            format!("SELECT * FROM orders WHERE ({set}) IS NOT NULL"),
        ),
        ("in a DO block", format!("DO $$ BEGIN {local}; END $$")),
        (
            "in pg_settings",
            format!(
                "UPDATE pg_settings SET setting = '{THEIRS}' WHERE name = 'backtrace_functions'"
            ),
        ),
        (
            "with the role put back",
            format!(
                "RESET ROLE; {local}; DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_tenant'); END $$"
            ),
        ),
        (
            "as what the next session begins with",
            format!(
                "RESET ROLE; DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET backtrace_functions = %L', session_user, '{THEIRS}'); END $$"
            ),
        ),
        (
            "in the database",
            format!(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET backtrace_functions = %L', current_database(), '{THEIRS}'); END $$"
            ),
        ),
        ("in the server", format!("ALTER SYSTEM SET backtrace_functions = '{THEIRS}'")),
        ("taken away", "RESET backtrace_functions".to_owned()),
        ("to its default", "SET LOCAL backtrace_functions TO DEFAULT".to_owned()),
    ]
}

/// A grant of the parameter, of which the server keeps all in one row.
async fn alone(database: &TestDatabase, grant: &str) {
    let lock = "BEGIN; LOCK TABLE pg_parameter_acl IN SHARE ROW EXCLUSIVE MODE";
    database.session().batch(&format!("{lock}; {grant}; COMMIT")).await.unwrap();
}

/// Attack (seal): naming another tenant in the server's parameter that keeps what was opened.
#[tokio::test]
async fn the_parameter_is_set_by_nobody_but_open() {
    let shop = Shop::open(Wall::Guarded).await;
    for adapter in ADAPTERS {
        for (what, attack) in switches() {
            let pools = shop.pools().await;
            let error = runs(&pools, adapter, 1, &[&attack, SEES_THE_OTHER]).await;
            let error = error.expect_err(what);
            let refused = ["permission denied", "must be owner", "cannot run inside"];
            assert!(refused.iter().any(|why| error.contains(why)), "{adapter}, {what}: {error}");
            runs(&pools, adapter, 1, &[SEES_ITS_OWN]).await.expect(what);
        }
    }
    // Nor does a connection begin with it.
    let begun = shop.url() + "?options=-cbacktrace_functions%3Dtenant__32__";
    let error = tenant_diesel::PgSession::connect(begun).await.err().map(|error| error.to_string());
    assert!(error.as_ref().is_some_and(|error| error.contains("permission denied")), "{error:?}");
}

/// A pool of the layout as it is, or why it does not open.
async fn pool(shop: &Shop) -> Result<tenant_seaorm::TenantDb, String> {
    let layout = Wall::Guarded.layout(shop.database.name());
    let db = tenant_seaorm::TenantDb::builder(&tenancy()).layout(layout).seal(seal());
    db.connect(shop.url()).await.map_err(|error| error.to_string())
}

/// As after a restore on another server: the right is in no dump.
#[tokio::test]
async fn without_the_owners_right_no_pool_opens_and_what_it_says_mends_it() {
    let shop = Shop::open(Wall::Guarded).await;
    let name = shop.database.name();
    pool(&shop).await.unwrap();
    let revoke = format!("REVOKE SET ON PARAMETER backtrace_functions FROM {name}_owner");
    alone(&shop.database, &revoke).await;
    let error = pool(&shop).await.unwrap_err();
    let mend = format!("GRANT SET ON PARAMETER backtrace_functions TO {name}_owner");
    assert!(error.contains("TEN510") && error.contains(&mend), "{error}");
    alone(&shop.database, &mend).await;
    pool(&shop).await.unwrap();
}

/// A `current_tenant()` that also believes what everybody can set keeps nothing.
#[tokio::test]
async fn a_function_that_believes_a_setting_beside_the_parameter_is_not_sealed() {
    for other in ["app.current_tenant_id", "app.anything", "request.jwt.claims"] {
        let shop = Shop::open(Wall::Guarded).await;
        let believes = format!(
            "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS bigint LANGUAGE sql STABLE \
             RETURN coalesce(nullif(current_setting('{other}', true), ''), \
             substr(current_setting('backtrace_functions'), 9))::bigint"
        );
        shop.database.session().batch(&believes).await.unwrap();
        let error = pool(&shop).await.unwrap_err();
        assert!(error.contains("TEN510"), "{other}: {error}");
    }
}

/// Attack (seal): a function of the attacker's own that brings the parameter along.
#[tokio::test]
async fn a_function_that_sets_the_parameter_is_not_made() {
    let shop = Shop::open(Wall::Guarded).await;
    let grant = format!("GRANT CREATE ON SCHEMA public TO {}_tenant", shop.database.name());
    shop.database.session().batch(&grant).await.unwrap();
    let made = "CREATE FUNCTION public.count_them() RETURNS bigint LANGUAGE sql";
    let body = "AS 'SELECT count(*) FROM public.orders'";
    for adapter in ADAPTERS {
        let pools = shop.pools().await;
        for set in [
            &format!("SET backtrace_functions = '{THEIRS}'"),
            "SET backtrace_functions FROM CURRENT",
        ] {
            let error =
                runs(&pools, adapter, 1, &[&format!("{made} {set} {body}")]).await.unwrap_err();
            assert!(error.contains("permission denied to set parameter"), "{adapter}: {error}");
        }
        runs(&pools, adapter, 1, &[&format!("{made} SET search_path = '' {body}")]).await.unwrap();
    }
}

#[tokio::test]
async fn twin_with_the_right_the_tenant_is_switched_and_no_pool_opens() {
    let shop = Shop::open(Wall::Guarded).await;
    let grant =
        format!("GRANT SET ON PARAMETER backtrace_functions TO {}_tenant", shop.database.name());
    alone(&shop.database, &grant).await;
    let attack = format!("SET LOCAL backtrace_functions = '{THEIRS}'");
    for adapter in ADAPTERS {
        let pools = shop.pools().await;
        runs(&pools, adapter, 1, &[&attack, SEES_THE_OTHER]).await.unwrap();
    }
    let error = pool(&shop).await.unwrap_err();
    assert!(error.contains("TEN510") && error.contains("REVOKE SET ON PARAMETER"), "{error}");
}

/// Attack (seal): `RESET ALL`, which asks for no right, and then another tenant's name.
#[tokio::test]
async fn what_is_taken_away_leaves_nobody() {
    let shop = Shop::open(Wall::Guarded).await;
    for adapter in ADAPTERS {
        let pools = shop.pools().await;
        for attack in ["RESET ALL", "RESET ALL; SET LOCAL app.current_tenant_id = '2'"] {
            let error = runs(&pools, adapter, 1, &[attack, SEES_THE_OTHER]).await.unwrap_err();
            let refused = error.contains("no tenant is set") || error.contains("not sealed");
            assert!(refused, "{adapter}: {error}");
        }
        runs(&pools, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

/// Attack (seal): the next transaction of a backend, also with `COMMIT AND CHAIN`.
#[tokio::test]
async fn nothing_is_left_for_the_next_transaction() {
    let shop = Shop::open(Wall::Guarded).await;
    let role = format!("SET LOCAL ROLE {}_tenant", shop.database.name());
    let pools = shop.pools().await;
    for end in ["COMMIT AND CHAIN", "COMMIT; BEGIN", "ROLLBACK AND CHAIN"] {
        for adapter in ADAPTERS {
            let sql = format!("{end}; {role}");
            let error = runs(&pools, adapter, 2, &[&sql, SEES_THE_OTHER]).await.unwrap_err();
            assert!(error.contains("no tenant is set"), "{adapter}, {end}: {error}");
        }
    }
    let mut left = plain(&shop.url()).await;
    left.batch_execute("DO $$ BEGIN ASSERT current_setting('backtrace_functions') = ''; END $$")
        .await
        .unwrap();
}

/// An administrator's own text is nobody's tenant.
#[tokio::test]
async fn what_else_is_in_the_parameter_is_no_tenant() {
    let shop = Shop::open(Wall::Guarded).await;
    let name = shop.database.name();
    for theirs in ["exec_simple_query, tenant", "tenant_32", "tenant__", "tenant____32", "__32__"] {
        let set = format!("ALTER DATABASE {name} SET backtrace_functions = '{theirs}'");
        shop.database.session().batch(&set).await.unwrap();
        let mut login = plain(&shop.url()).await;
        let role = format!("BEGIN; SET LOCAL ROLE {name}_tenant; {SEES_THE_OTHER}");
        let error = login.batch_execute(&role).await.unwrap_err().to_string();
        assert!(error.contains("no tenant is set"), "{theirs}: {error}");
        runs(&shop.pools().await, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

/// Ids and users of any text come back as they are.
#[tokio::test]
async fn the_user_may_have_any_name() {
    let shop = Shop::open(Wall::Guarded).await;
    let name = shop.database.name();
    for actor in ["", "o'brien__32__", "Zoë 🦀\\", "tenant__32__"] {
        let mut backend = plain(&shop.url()).await;
        let scope = crate::fixture::scope_of(1, actor).await;
        let mut options = tenant_core::adapter::OpeningOptions::default();
        options.seal(seal());
        let layout = Wall::Guarded.layout(name);
        let opening =
            tenant_core::adapter::Opening::new(&layout, tenancy().key(), &options).unwrap();
        let begin = opening.tenant(&scope, tenant_core::TransactionOptions::default()).unwrap();
        let literal = tenant_core::quote_literal(actor);
        let asked = format!(
            "{begin}; {SEES_ITS_OWN}; DO $do$ BEGIN \
             ASSERT coalesce(tenancy.current_actor(), '') = {literal}; END $do$; COMMIT"
        );
        backend.batch_execute(&asked).await.unwrap();
    }
}

/// Seal and guard take turns without a table being touched.
#[tokio::test]
async fn each_binding_takes_the_place_of_each_other() {
    let shop = Shop::open(Wall::Sealed).await;
    for wall in [Wall::Guarded, Wall::Unsealed, Wall::Guarded, Wall::Sealed, Wall::Guarded] {
        let layout = wall.layout(shop.database.name());
        let isolation = Isolation::new(&tenancy(), &layout).unwrap();
        shop.database.install(&isolation).await.unwrap();
        assert_eq!(isolation.diff(shop.database.session()).await.unwrap(), []);
        runs(&shop.sealing().await, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

/// Without a superuser it is not installed, and says what to do; once the right is there, it is.
#[tokio::test]
async fn whoever_may_not_give_the_right_is_told_who_may() {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name().to_owned();
    let installer = format!("{name}_installer");
    let made = format!(
        "CREATE ROLE {installer} LOGIN CREATEROLE BYPASSRLS; GRANT CREATE ON SCHEMA public TO {installer}; \
         ALTER DATABASE {name} OWNER TO {installer}"
    );
    database.session().batch(&made).await.unwrap();
    let session = database.session_as(&installer);
    session
        .batch("CREATE TABLE plans (id int); CREATE TABLE orders (id int, v int)")
        .await
        .unwrap();
    let guarded = Layout::new(&name).unwrap().binding(Binding::Guarded);
    let guarded = Isolation::new(&tenancy(), &guarded).unwrap();
    let error = session.batch(&guarded.up()).await.unwrap_err().to_string();
    let right = format!("GRANT SET ON PARAMETER backtrace_functions TO {name}_owner");
    assert!(error.contains(&right) && error.contains("Binding::Sealed"), "{error}");
    // All or nothing: the other binding goes in, and with the right this one.
    let sealed = Layout::new(&name).unwrap().binding(Binding::Sealed);
    session.batch(&Isolation::new(&tenancy(), &sealed).unwrap().up()).await.unwrap();
    alone(&database, &right).await;
    session.batch(&guarded.up()).await.unwrap();
}

/// A role that another database uses keeps its right when one goes back.
#[tokio::test]
async fn going_back_takes_the_right_along_unless_another_database_needs_it() {
    let (one, two) = (TestDatabase::create().await.unwrap(), TestDatabase::create().await.unwrap());
    let layout = Wall::Guarded.layout(one.name());
    let isolation = Isolation::new(&tenancy(), &layout).unwrap();
    for database in [&one, &two] {
        let tables = "CREATE TABLE plans (id int); CREATE TABLE orders (id int, v int)";
        database.session().batch(tables).await.unwrap();
        database.install(&isolation).await.unwrap();
    }
    let owner = format!("{}_owner", one.name());
    let may =
        format!("SELECT has_parameter_privilege('{owner}', 'backtrace_functions', 'SET') AS may");
    isolation.revert(two.session()).await.unwrap();
    assert_eq!(one.session().rows(&may, &[]).await.unwrap()[0]["may"], true);
    isolation.revert(one.session()).await.unwrap();
    let left = format!("SELECT count(*) AS n FROM pg_roles WHERE rolname = '{owner}'");
    assert_eq!(one.session().rows(&left, &[]).await.unwrap()[0]["n"], 0);
}
