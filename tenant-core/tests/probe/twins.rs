//! Each wall taken away in one way, and the attempts that must get through. `{p}` is the prefix of
//! the roles, `{no_wall}` drops the restrictive policies of `customer`.

use std::collections::BTreeSet;

use tenant_core::{SqlSession, TenantKey};

use crate::fixture::{CANARY, Shop, leaks};

struct Breach {
    how: &'static str,
    sql: &'static str,
    codes: &'static [&'static str],
}

const fn breach(how: &'static str, sql: &'static str, codes: &'static [&'static str]) -> Breach {
    Breach { how, sql, codes }
}

/// Every way of reading and writing.
const ALL: &[&str] = &[
    "ATK001", "ATK002", "ATK003", "ATK004", "ATK005", "ATK006", "ATK007", "ATK008", "ATK009",
    "ATK010", "ATK011", "ATK012", "ATK013", "ATK014", "ATK015", "ATK016", "ATK017", "ATK018",
    "ATK019", "ATK020", "ATK021", "ATK022", "ATK023", "ATK024", "ATK025", "ATK026", "ATK027",
    "ATK028", "ATK029", "ATK030", "ATK031", "ATK032", "ATK033", "ATK034", "ATK035", "ATK036",
    "ATK037", "ATK038", "ATK041", "ATK042", "ATK043", "ATK044", "ATK045", "ATK048", "ATK049",
    "ATK050", "ATK051", "ATK052", "ATK053", "ATK054", "ATK055", "ATK056", "ATK057", "ATK058",
    "ATK059", "ATK060", "ATK061", "ATK062", "ATK063", "ATK069", "ATK071", "ATK072", "ATK073",
    "ATK074", "ATK075", "ATK089", "ATK094", "ATK095", "ATK096", "ATK097", "ATK098", "ATK099",
    "ATK107", "ATK108", "ATK151", "ATK163", "ATK164", "ATK165", "ATK166", "ATK167",
];

const BREACHES: &[Breach] = &[
    breach("row security is disabled", "ALTER TABLE customer DISABLE ROW LEVEL SECURITY", ALL),
    breach(
        "the tenant's role owns the table, and nothing is forced",
        "ALTER TABLE customer NO FORCE ROW LEVEL SECURITY; ALTER TABLE customer OWNER TO {p}_tenant",
        &[
            "ATK001", "ATK041", "ATK049", "ATK057", "ATK085", "ATK086", "ATK124", "ATK125",
            "ATK126", "ATK127", "ATK128", "ATK129", "ATK130", "ATK131", "ATK132", "ATK133",
            "ATK134", "ATK135",
        ],
    ),
    breach(
        "a second policy lets everything pass, and no restrictive one stands behind it",
        "{no_wall} CREATE POLICY careless ON customer USING (true)",
        &["ATK001", "ATK049", "ATK057", "ATK071"],
    ),
    breach(
        "an insert policy checks nothing",
        "{no_wall} CREATE POLICY careless ON customer FOR INSERT WITH CHECK (true)",
        &["ATK041", "ATK044", "ATK063"],
    ),
    breach(
        "an update policy checks nothing, and a select policy hides nothing",
        "{no_wall} CREATE POLICY careless ON customer FOR SELECT USING (true);
         CREATE POLICY careless_too ON customer FOR UPDATE USING (false) WITH CHECK (true)",
        &["ATK001", "ATK055"],
    ),
    breach(
        "no tenant means all tenants",
        "{no_wall} {no_select}
         CREATE POLICY staff ON customer FOR SELECT USING (
             current_setting('app.current_tenant_id', true) = '' OR
             tenant_id::text = current_setting('app.current_tenant_id', true))",
        &["ATK071", "ATK072", "ATK094", "ATK098", "ATK099"],
    ),
    breach(
        "the default names another tenant",
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY,
         ALTER tenant_id SET DEFAULT '018f4e9c-0000-7000-8000-000000000002'",
        &["ATK047"],
    ),
    breach("everybody may read", "GRANT SELECT ON customer TO PUBLIC", &["ATK076", "ATK080", "ATK084"]),
    breach(
        "the shared role has grants",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON customer TO {p}_shared",
        &["ATK076", "ATK077", "ATK078", "ATK079"],
    ),
    breach(
        "the login has grants",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON customer TO {p}_login",
        &["ATK080", "ATK081", "ATK082", "ATK083"],
    ),
    breach(
        "the shared role has a grant on one column",
        "GRANT SELECT (email) ON customer TO {p}_shared",
        &["ATK076"],
    ),
    breach(
        "a view runs with its owner's rights",
        "CREATE VIEW loose AS SELECT * FROM customer; ALTER VIEW loose OWNER TO {p}_owner;
         GRANT SELECT, UPDATE ON loose TO {p}_tenant; GRANT SELECT ON loose TO {p}_shared, {p}_login;
         GRANT USAGE ON SCHEMA public TO {p}_login",
        &["ATK151", "ATK152", "ATK153", "ATK154"],
    ),
    breach(
        "a view that does not show the tenant runs with its owner's rights",
        "CREATE VIEW loose AS SELECT count(*) AS n FROM customer; ALTER VIEW loose OWNER TO {p}_owner;
         GRANT SELECT ON loose TO {p}_tenant",
        &["ATK151"],
    ),
    breach(
        "a view of a view runs with its owner's rights",
        "CREATE VIEW inner_one AS SELECT email FROM customer; ALTER VIEW inner_one OWNER TO {p}_owner;
         CREATE VIEW outer_one AS SELECT * FROM inner_one; ALTER VIEW outer_one OWNER TO {p}_owner;
         GRANT SELECT ON outer_one TO {p}_tenant",
        &["ATK151"],
    ),
    breach(
        "a materialised view can be read",
        "CREATE MATERIALIZED VIEW stored AS SELECT email FROM customer; GRANT SELECT ON stored TO {p}_tenant",
        &["ATK155"],
    ),
    breach(
        "a partition can be reached directly",
        "ALTER TABLE event_2020 DISABLE ROW LEVEL SECURITY; ALTER TABLE event_2021 DISABLE ROW LEVEL SECURITY;
         GRANT SELECT, INSERT, UPDATE, DELETE ON event_2020, event_2021 TO {p}_tenant, {p}_shared, {p}_login;
         GRANT USAGE ON SCHEMA public TO {p}_login",
        &["ATK156", "ATK157", "ATK158", "ATK159", "ATK160", "ATK161", "ATK198"],
    ),
    breach(
        "an ancestor can be read",
        "CREATE TABLE base (tenant_id uuid NOT NULL); ALTER TABLE customer INHERIT base;
         GRANT SELECT ON base TO {p}_tenant",
        &["ATK162"],
    ),
    breach(
        "a foreign key leaves the tenant out",
        "ALTER TABLE seat DROP CONSTRAINT seat_tenant_id_customer_id_fkey;
         ALTER TABLE seat ADD FOREIGN KEY (customer_id) REFERENCES customer (id)",
        &["ATK064", "ATK065", "ATK066"],
    ),
    breach(
        "a unique key leaves the tenant out",
        "ALTER TABLE customer ADD UNIQUE (email)",
        &["ATK067", "ATK068"],
    ),
    breach(
        "a unique index over an expression leaves the tenant out",
        "CREATE UNIQUE INDEX ON customer (lower(email))",
        &["ATK067", "ATK068"],
    ),
    breach(
        "an exclusion constraint leaves the tenant out",
        "ALTER TABLE invoice ADD EXCLUDE USING gist (during WITH &&)",
        &["ATK070"],
    ),
    breach("TRUNCATE is granted", "GRANT TRUNCATE ON customer TO {p}_tenant", &["ATK085"]),
    breach("TRIGGER is granted", "GRANT TRIGGER ON customer TO {p}_tenant", &["ATK086"]),
    breach("REFERENCES is granted", "GRANT REFERENCES ON customer TO {p}_tenant", &["ATK087"]),
    breach(
        "a grant can be handed on",
        "GRANT SELECT ON customer TO {p}_tenant WITH GRANT OPTION",
        &["ATK088"],
    ),
    breach(
        "a sequence can be set and read",
        "GRANT SELECT, UPDATE ON SEQUENCE invoice_id_seq TO {p}_tenant",
        &["ATK091", "ATK092"],
    ),
    breach(
        "the login is a superuser",
        "ALTER ROLE {p}_login SUPERUSER",
        &[
            "ATK080", "ATK081", "ATK082", "ATK083", "ATK106", "ATK109", "ATK111", "ATK112",
            "ATK113", "ATK114", "ATK115", "ATK116", "ATK117", "ATK118", "ATK119", "ATK121", "ATK150", "ATK176", "ATK120",
            "ATK145", "ATK146", "ATK173", "ATK187", "ATK192", "ATK196",
        ],
    ),
    breach("the tenant's role bypasses policies", "ALTER ROLE {p}_tenant BYPASSRLS", &["ATK001", "ATK049", "ATK119"]),
    breach(
        "the tenant's role is a superuser",
        "ALTER ROLE {p}_tenant SUPERUSER",
        &["ATK001", "ATK110", "ATK119", "ATK121", "ATK122"],
    ),
    breach(
        "other databases can be reached",
        "CREATE FUNCTION dblink(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        &["ATK181"],
    ),
    breach(
        "pages can be inspected",
        "CREATE FUNCTION get_raw_page(text, bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        &["ATK183"],
    ),
    breach(
        "collected statements can be reset",
        "CREATE FUNCTION pg_stat_statements_reset() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        &["ATK186"],
    ),
    breach(
        "the login may become the owner",
        "GRANT {p}_owner, {p}_admin, {p}_registry TO {p}_login",
        &["ATK114", "ATK115", "ATK116", "ATK117"],
    ),
    breach(
        "the login may become somebody who bypasses policies",
        "CREATE ROLE {p}_extra BYPASSRLS; GRANT USAGE ON SCHEMA public TO {p}_extra;
         GRANT SELECT ON customer TO {p}_extra; GRANT {p}_extra TO {p}_login",
        &["ATK114"],
    ),
    breach("a role of the server's is granted", "GRANT pg_read_all_data TO {p}_tenant", &["ATK120"]),
    breach(
        "temporary tables are allowed",
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
        &["ATK136", "ATK137", "ATK146"],
    ),
    breach(
        "everybody creates in the schema",
        "GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC",
        &["ATK138", "ATK139", "ATK140", "ATK141", "ATK142", "ATK144", "ATK145"],
    ),
    breach(
        "schemas may be made",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {p}_tenant', current_database()); END $$",
        &["ATK143"],
    ),
    breach("a definer function names the table",
        "CREATE FUNCTION all_of_them() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM customer'",
        &["ATK168"],
    ),
    breach(
        "a function is declared leakproof",
        "CREATE FUNCTION tells(text) RETURNS bool LEAKPROOF LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
        &["ATK169"],
    ),
    breach(
        "files can be read",
        "GRANT EXECUTE ON FUNCTION pg_read_file(text), pg_read_binary_file(text), pg_ls_dir(text) TO {p}_tenant",
        &["ATK170", "ATK171", "ATK172"],
    ),
    breach(
        "large objects can be made",
        "GRANT EXECUTE ON FUNCTION lo_from_bytea(oid, bytea), lo_create(oid), lo_creat(int) TO PUBLIC",
        &["ATK174", "ATK175"],
    ),
    breach(
        "a large object is everybody's",
        "DO $$ DECLARE o oid := lo_create(0); BEGIN EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO PUBLIC', o); END $$",
        &["ATK177"],
    ),
    breach(
        "statistics can be read",
        "GRANT SELECT ON pg_statistic, pg_statistic_ext_data, pg_largeobject TO {p}_tenant",
        &["ATK178", "ATK179", "ATK180"],
    ),
    breach(
        "the login's statements are seen by the tenant's role",
        "GRANT pg_read_all_stats, pg_signal_backend TO {p}_tenant; ALTER ROLE {p}_tenant INHERIT;
         REVOKE pg_read_all_stats, pg_signal_backend FROM {p}_tenant;
         GRANT pg_read_all_stats, pg_signal_backend TO {p}_tenant",
        &["ATK120", "ATK184", "ATK197"],
    ),
    breach(
        "the registry's tables can be read and written",
        "GRANT USAGE ON SCHEMA tenancy TO {p}_tenant, {p}_shared, {p}_login;
         GRANT ALL ON tenancy.tenants, tenancy.members, tenancy.ledger TO {p}_tenant, {p}_shared, {p}_login",
        &["ATK190", "ATK191", "ATK192", "ATK193", "ATK194", "ATK195"],
    ),
    breach("our schema takes more", "GRANT CREATE ON SCHEMA tenancy TO {p}_tenant", &["ATK148"]),
    breach(
        "the tenant's role owns our function",
        "ALTER FUNCTION tenancy.current_tenant() OWNER TO {p}_tenant",
        &["ATK147"],
    ),
    breach(
        "a row may belong to nobody",
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY, ALTER tenant_id DROP NOT NULL",
        &["ATK046"],
    ),
    breach(
        "roles may be made",
        "ALTER ROLE {p}_tenant CREATEROLE",
        &["ATK119", "ATK123"],
    ),
];

#[tokio::test]
async fn each_wall_taken_away_lets_the_named_attempts_through() {
    // A few at a time: each has a database of its own.
    let mut wrong = Vec::new();
    for some in BREACHES.chunks(4) {
        let mut running = tokio::task::JoinSet::new();
        for breach in some {
            running.spawn(what_is_wrong(breach));
        }
        wrong.extend(running.join_all().await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What did not come as it should with this wall taken away.
async fn what_is_wrong(breach: &'static Breach) -> Vec<String> {
    let mut wrong = Vec::new();
    let shop = Shop::open(TenantKey::Uuid).await;
    let drop = |which: &str| {
        format!(
            "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy \
             WHERE polrelid = 'customer'::regclass AND {which} LOOP \
             EXECUTE format('DROP POLICY %I ON customer', p); END LOOP; END $$;"
        )
    };
    let sql = breach
        .sql
        .replace("{no_wall}", &drop("NOT polpermissive"))
        .replace("{no_select}", &drop("polcmd = 'r'"))
        .replace("{p}", shop.database.name());
    if let Err(why) = shop.database.session().batch(&sql).await {
        return vec![format!("{}: {why}", breach.how)];
    }
    let before = shop.state().await;
    let report = shop.attacked().await;
    let leaked: BTreeSet<&str> = leaks(&report).into_iter().map(|(code, _)| code).collect();
    let missing: Vec<_> = breach.codes.iter().filter(|code| !leaked.contains(**code)).collect();
    if !missing.is_empty() || report.is_clean() {
        let meant = report.attempts.iter().filter(|a| missing.iter().any(|code| **code == a.code));
        let what: Vec<String> =
            meant.map(|a| format!("    {} {}: {:?}", a.code, a.object, a.outcome)).collect();
        wrong.push(format!("{}: not through: {missing:?}\n{}", breach.how, what.join("\n")));
    }
    // Whatever gets through is undone, and shows nothing.
    if before != shop.state().await {
        wrong.push(format!("{}: something is left", breach.how));
    }
    let text = format!("{report}{}", serde_json::to_string(&report).unwrap());
    if text.contains(CANARY) {
        wrong.push(format!("{}: the report shows data", breach.how));
    }
    // One twin must not pass for another's reason.
    let every = report.attempts.iter().map(|a| a.code).collect::<BTreeSet<_>>().len();
    if !["DISABLE", "SUPERUSER"].iter().any(|all| breach.sql.contains(all))
        && leaked.len() * 2 > every
    {
        wrong.push(format!("{}: too much gets through: {leaked:?}", breach.how));
    }
    wrong
}

/// What shows the restrictive policy's worth: a careless second policy does not widen the first.
#[tokio::test]
async fn a_careless_second_policy_is_held_by_the_restrictive_one() {
    let shop = Shop::open(TenantKey::Uuid).await;
    let sql = "CREATE POLICY careless ON customer USING (true) WITH CHECK (true)";
    shop.database.session().batch(sql).await.unwrap();
    assert_eq!(leaks(&shop.attacked().await), []);
}

/// Attempts that are told and not judged, that need the sealed context to leak, or that have a test
/// of their own.
const WITHOUT_TWIN: [&str; 17] = [
    "ATK039", "ATK040", "ATK090", "ATK093", "ATK100", "ATK101", "ATK102", "ATK103", "ATK104",
    "ATK105", "ATK202", "ATK185", "ATK188", "ATK189", "ATK199", "ATK200", "ATK201",
];

#[tokio::test]
async fn every_attempt_that_can_leak_has_a_twin() {
    let shop = Shop::open(TenantKey::Bigint).await;
    let report = shop.attacked().await;
    let twins: BTreeSet<&str> = BREACHES.iter().flat_map(|breach| breach.codes).copied().collect();
    let without: BTreeSet<&str> =
        report.attempts.iter().map(|a| a.code).filter(|code| !twins.contains(code)).collect();
    assert_eq!(without, BTreeSet::from(WITHOUT_TWIN));
    // Without the seal naming another tenant works, and is told as such.
    for code in &WITHOUT_TWIN[4..11] {
        let mut told = report.attempts.iter().filter(|a| a.code == *code).peekable();
        assert!(told.peek().is_some());
        assert!(told.all(|a| format!("{:?}", a.outcome).contains("it works")), "{code}");
    }
}
