//! An application as it is found, and everything about its database that the isolation changes.

use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .shared_table(TableName::new("plans"))
}

/// An application as it is found: its own owner, grants to everybody, a column and an index that
/// are there already, and a database from before PostgreSQL 15.
pub(crate) async fn found(database: &TestDatabase) {
    let name = database.name();
    database
        .session()
        .batch(&format!(
            "CREATE ROLE {name}_old NOLOGIN;
             GRANT CREATE ON SCHEMA public TO PUBLIC;
             CREATE TABLE plans (id int PRIMARY KEY);
             CREATE TABLE orders (id serial PRIMARY KEY);
             CREATE TABLE lines (id serial PRIMARY KEY, account_id bigint DEFAULT 7);
             CREATE INDEX lines_by_account ON lines (account_id, id);
             ALTER TABLE orders OWNER TO {name}_old;
             GRANT SELECT ON orders, plans TO PUBLIC;
             GRANT USAGE ON SEQUENCE orders_id_seq TO PUBLIC;
             INSERT INTO plans VALUES (1);
             INSERT INTO lines (id) VALUES (1);"
        ))
        .await
        .unwrap();
}

/// Everything about the database that the isolation changes, as text.
const STATE: &str = r#"
    SELECT concat_ws(E'\n',
        (SELECT string_agg(format('%s.%s %s %s %s', c.relname, a.attname, a.atttypid::regtype,
                a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY c.relname, a.attnum)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
         AND NOT a.attisdropped),
        (SELECT string_agg(format('%s %s %s %s %s', relname, relowner::regrole, relrowsecurity,
                relforcerowsecurity, (SELECT string_agg(x::text, ',' ORDER BY x::text)
                    FROM aclexplode(coalesce(relacl,
                        acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) x)),
                E'\n' ORDER BY relname)
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')),
        (SELECT string_agg(indexdef, E'\n' ORDER BY indexname) FROM pg_indexes
         WHERE schemaname = 'public'),
        (SELECT string_agg(format('%s on %s', policyname, tablename), E'\n'
                ORDER BY tablename, policyname) FROM pg_policies),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_namespace,
                aclexplode(coalesce(nspacl, acldefault('n', nspowner))) x WHERE nspname = 'public'),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_database,
                aclexplode(coalesce(datacl, acldefault('d', datdba))) x
         WHERE datname = current_database()),
        (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace
         WHERE nspname NOT LIKE 'pg_%'),
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM pg_proc,
                aclexplode(coalesce(proacl, acldefault('f', proowner))) x WHERE proname ~ '^lo_?'),
        (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles
         WHERE rolname LIKE current_database() || '%')
    ) AS state"#;

pub(crate) async fn state(database: &TestDatabase) -> String {
    let rows = database.session().rows(STATE, &[]).await.unwrap();
    rows[0]["state"].as_str().unwrap().to_owned()
}

pub(crate) async fn is_true(database: &TestDatabase, sql: &str) -> bool {
    let rows = database.session().rows(&format!("SELECT ({sql}) AS x"), &[]).await.unwrap();
    rows[0]["x"].as_bool().unwrap()
}

pub(crate) fn isolation(database: &TestDatabase) -> Isolation {
    Isolation::new(&tenancy(), &Layout::new(database.name()).unwrap()).unwrap()
}
