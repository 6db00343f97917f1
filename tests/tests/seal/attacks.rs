//! SQL that tries to become another tenant, within one transaction.

use crate::fixture::{ADAPTERS, SEALED, SEES_ITS_OWN, SEES_THE_OTHER, Shop, Wall, runs};

/// What an attacker runs in tenant 1's transaction; `SEES_THE_OTHER` follows. Each of them shows
/// tenant 2's rows where there is no seal.
const SWITCHES: [(&str, &[&str]); 15] = [
    ("set_config", &["SELECT set_config('app.current_tenant_id', '2', true)"]),
    ("set_config for the session", &["SELECT set_config('app.current_tenant_id', '2', false)"]),
    ("SET LOCAL", &["SET LOCAL app.current_tenant_id = '2'"]),
    ("SET", &["SET app.current_tenant_id = '2'"]),
    ("stacked in one message", &["SELECT 1; SET LOCAL app.current_tenant_id = '2'; SELECT 1"]),
    (
        "in a CTE",
        &["WITH x AS MATERIALIZED (SELECT set_config('app.current_tenant_id', '2', true) AS c)
        SELECT c, (SELECT count(*) FROM orders) FROM x"],
    ),
    (
        "in the WHERE of the query itself",
        &["SELECT * FROM orders \
        WHERE set_config('app.current_tenant_id', '2', true) IS NOT NULL"],
    ),
    (
        "in a DO block",
        &["DO $$ BEGIN PERFORM set_config('app.current_tenant_id', '2', true); END $$"],
    ),
    ("in a function of the application's", &["SELECT public.theirs('2')"]),
    (
        "in a cursor",
        &["DECLARE c CURSOR FOR SELECT set_config('app.current_tenant_id', '2', true); FETCH c"],
    ),
    (
        "in a prepared statement",
        &[
            "PREPARE p(text) AS SELECT set_config('app.current_tenant_id', $1, true)",
            "EXECUTE p('2')",
        ],
    ),
    (
        "in a savepoint that is released",
        &["SAVEPOINT s; SET LOCAL app.current_tenant_id = '2'; RELEASE s"],
    ),
    (
        "after a rollback to a savepoint",
        &["SAVEPOINT s; SELECT 1; ROLLBACK TO s;
        SET LOCAL app.current_tenant_id = '2'"],
    ),
    (
        "with the role put back",
        &[
            "RESET ROLE; SELECT set_config('app.current_tenant_id', '2', true);",
            "DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_tenant'); END $$",
        ],
    ),
    (
        "in a transaction of its own",
        &["COMMIT; BEGIN; SET LOCAL app.current_tenant_id = '2';
        DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_tenant'); END $$"],
    ),
];

fn each() -> impl Iterator<Item = (Wall, &'static str)> {
    SEALED.into_iter().flat_map(|wall| ADAPTERS.map(|adapter| (wall, adapter)))
}

/// Attack (seal): SQL names another tenant: `set_config`, `SET`, `SET LOCAL`; stacked, in a
/// CTE, a WHERE, a `DO` block, a function, a cursor, a prepared statement, a savepoint, after
/// `RESET ROLE`, in a transaction of its own.
#[tokio::test]
async fn no_sql_in_a_tenants_transaction_switches_the_tenant() {
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        for (what, attack) in SWITCHES {
            let pools = shop.pools().await;
            let attack: Vec<&str> = attack.iter().copied().chain([SEES_THE_OTHER]).collect();
            let error = runs(&pools, adapter, 1, &attack).await.expect_err(what);
            assert!(wall.holds(&error), "{wall:?}, {adapter}, {what}: {error}");
            // The next one finds a connection without a trace of it.
            runs(&pools, adapter, 1, &[SEES_ITS_OWN]).await.expect(what);
        }
    }
}

#[tokio::test]
async fn twin_without_the_seal_each_of_them_switches_it() {
    let shop = Shop::open(Wall::Unsealed).await;
    for adapter in ADAPTERS {
        for (what, attack) in SWITCHES {
            let pools = shop.pools().await;
            let attack: Vec<&str> = attack.iter().copied().chain([SEES_THE_OTHER]).collect();
            runs(&pools, adapter, 1, &attack).await.expect(what);
        }
    }
}

/// What leaves the transaction without any tenant, or without its role: it fails, or sees nothing.
const EMPTIES: [&str; 8] = [
    "RESET app.current_tenant_id",
    "RESET tenancy.seal",
    "SET LOCAL tenancy.seal = ''",
    "SET LOCAL tenancy.actor = 'mallory'",
    "RESET ALL",
    "DISCARD ALL",
    "SET LOCAL ROLE NONE",
    "SET SESSION AUTHORIZATION DEFAULT",
];

/// Attack (seal): `RESET`, `RESET ALL`, `DISCARD ALL`, `SET ROLE NONE`, an emptied or altered
/// seal.
#[tokio::test]
async fn what_takes_the_context_away_gives_no_other() {
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        for attack in EMPTIES {
            let pools = shop.pools().await;
            runs(&pools, adapter, 1, &[attack, SEES_THE_OTHER]).await.expect_err(attack);
        }
    }
}

/// What the functions and the table behind the seal must not do for the tenant's role, or the
/// login's own.
const BEHIND: [&str; 9] = [
    "TABLE tenancy.seal_keys",
    "SELECT count(*) FROM tenancy.seal_keys",
    "UPDATE tenancy.seal_keys SET kind = 'application'",
    "DELETE FROM tenancy.seal_keys",
    "SELECT tenancy.seal_pad('\\x00', 54)",
    "SELECT tenancy.renew_database_key()",
    "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS bigint LANGUAGE sql AS 'SELECT 2::bigint'",
    "ALTER FUNCTION tenancy.current_tenant() RENAME TO gone",
    "ALTER FUNCTION tenancy.open(text, text, bigint, text, text) SECURITY INVOKER",
];

/// Attack (seal): reading, changing or renewing the keys, replacing or altering the functions,
/// also after `RESET ROLE`.
#[tokio::test]
async fn nothing_behind_the_seal_is_reached() {
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        for attack in BEHIND {
            for before in ["SELECT 1", "RESET ROLE"] {
                let pools = shop.pools().await;
                let error = runs(&pools, adapter, 1, &[before, attack]).await.expect_err(attack);
                let refused =
                    error.contains("permission denied") || error.contains("must be owner");
                assert!(refused, "{adapter}, {attack}: {error}");
            }
        }
    }
}

/// Calls of `tenancy.open` that no key has signed.
const FORGED: [&str; 7] = [
    "SELECT tenancy.open('2', '', 9999999999, 'k1', 'x')",
    "SELECT tenancy.open('2', '', extract(epoch FROM now())::bigint + 5, 'k1', repeat('0', 64))",
    "SELECT tenancy.open('2', '', extract(epoch FROM now())::bigint + 5, 'nobody', '')",
    "SELECT tenancy.open('2', '', extract(epoch FROM now())::bigint + 5, (SELECT 'database'), '')",
    "SELECT tenancy.open('2', NULL, NULL, NULL, NULL)",
    // The seal of this very transaction, offered for another tenant.
    "SELECT tenancy.open('2', 'alice', extract(epoch FROM now())::bigint + 5, 'k1', \
     current_setting('tenancy.seal'))",
    "SELECT set_config('app.current_tenant_id', '2', true), \
     set_config('tenancy.seal', current_setting('tenancy.seal'), true)",
];

/// Attack (seal): `tenancy.open` with a token that no key has signed, or with the seal of
/// another context.
#[tokio::test]
async fn a_forged_token_opens_nothing() {
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        for attack in FORGED {
            let pools = shop.pools().await;
            runs(&pools, adapter, 1, &[attack, SEES_THE_OTHER]).await.expect_err(attack);
        }
    }
}

/// Attack (seal): inserting, updating, deleting as another tenant.
#[tokio::test]
async fn writes_need_the_seal_as_reads_do() {
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        for attack in [
            "SET LOCAL app.current_tenant_id = '2'; INSERT INTO orders (v) VALUES (1)",
            "SET LOCAL app.current_tenant_id = '2'; UPDATE orders SET v = 0",
            "SET LOCAL app.current_tenant_id = '2'; DELETE FROM orders",
            "INSERT INTO orders (tenant_id, v) VALUES (2, 1)",
        ] {
            let pools = shop.pools().await;
            let done = runs(&pools, adapter, 1, &[attack, "COMMIT"]).await;
            // Where the name is not looked at, it is done to the own rows.
            assert!(done.is_err() || wall == Wall::Guarded, "{wall:?}, {adapter}: {attack}");
        }
        let theirs = "SELECT string_agg(v::text, ',' ORDER BY v) FROM orders WHERE tenant_id = 2";
        assert_eq!(shop.ask(theirs).await, "20,21");
    }
}

/// Attack (seal): naming another user of the same tenant.
#[tokio::test]
async fn the_user_is_sealed_with_the_tenant() {
    let alice = "DO $$ BEGIN ASSERT tenancy.current_actor() = 'alice'; END $$";
    let mallory = "DO $$ BEGIN ASSERT tenancy.current_actor() = 'mallory'; END $$";
    for (wall, adapter) in each() {
        let shop = Shop::open(wall).await;
        let pools = shop.pools().await;
        runs(&pools, adapter, 1, &[alice]).await.unwrap();
        let forged = ["SET LOCAL tenancy.actor = 'mallory'", mallory];
        let error = runs(&pools, adapter, 1, &forged).await.unwrap_err();
        assert!(wall.holds(&error), "{wall:?}, {adapter}: {error}");
    }
    let open = Shop::open(Wall::Unsealed).await;
    let pools = open.pools().await;
    runs(&pools, "diesel", 1, &["SET LOCAL tenancy.actor = 'mallory'", mallory]).await.unwrap();
}
