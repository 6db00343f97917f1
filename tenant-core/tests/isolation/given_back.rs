//! `down` gives back what `up` found: as `pg_dump` sees it, and as the catalogue has it.

use std::process::Command;

use tenant_core::{Isolation, SqlSession, TableName};
use tenant_testkit::TestDatabase;

use crate::fixture::{found, isolation, one, single};

/// What the isolation changes, as the catalogue has it; `pg_dump` may be older than the server.
const CATALOGUE: &str = r#"
    SELECT string_agg(line, E'\n' ORDER BY line) FROM (
        SELECT format('%s %s owner=%s acl=%s rls=%s,%s options=%s', c.relkind, c.oid::regclass, c.relowner::regrole,
            coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)),
            c.relrowsecurity, c.relforcerowsecurity, c.reloptions) AS line
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL SELECT format('%s.%s %s %s %s %s', a.attrelid::regclass, a.attname, a.atttypid::regtype, a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid), a.attacl)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname <> 'pg_catalog'
        UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            WHERE conrelid <> 0 AND conrelid::regclass::text NOT LIKE 'information_schema.%'
        UNION ALL SELECT format('%s %s', tablename, policyname) FROM pg_policies
        UNION ALL SELECT format('schema %s %s %s', nspname, nspowner::regrole, coalesce(nspacl, acldefault('n', nspowner))) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%'
        UNION ALL SELECT format('database %s', coalesce(datacl, acldefault('d', datdba))) FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT format('function %s %s', oid::regprocedure, coalesce(proacl, acldefault('f', proowner))) FROM pg_proc
            WHERE proname ~ '^lo_?' OR proname LIKE 'pg_stat_get%' OR proname = 'set_config'
        UNION ALL SELECT format('leakproof %s', oid::regprocedure) FROM pg_proc WHERE proleakproof
        UNION ALL SELECT format('default %s %s %s %s', defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl) FROM pg_default_acl
        UNION ALL SELECT format('role %s', rolname) FROM pg_roles WHERE rolname LIKE current_database() || '%'
        UNION ALL SELECT format('trigger %s %s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
    ) AS l"#;

pub(crate) async fn catalogue(database: &TestDatabase) -> String {
    one(database, CATALOGUE).await
}

/// The schema as `pg_dump` writes it; nothing where it is older than the server.
pub(crate) fn dumped(database: &TestDatabase) -> Option<String> {
    let program = std::env::var_os("PG_BIN_DIR")
        .map(|folder| std::path::Path::new(&folder).join("pg_dump"))
        .filter(|program| program.exists())
        .unwrap_or_else(|| "pg_dump".into());
    let out = Command::new(program)
        .args(["--schema-only", "--dbname", &database.superuser_url()])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&out.stderr);
    if said.contains("server version mismatch") {
        return None;
    }
    assert!(out.status.success(), "{said}");
    let text = String::from_utf8(out.stdout).unwrap();
    // Newer ones write a random word against injection.
    Some(text.lines().filter(|l| !l.contains("restrict ")).collect::<Vec<_>>().join("\n"))
}

pub(crate) fn assert_same(before: &str, after: &str) {
    let changes: Vec<String> = before
        .lines()
        .filter(|line| !after.lines().any(|l| l == *line))
        .map(|line| format!("- {line}"))
        .chain(after.lines().filter(|l| !before.lines().any(|b| b == *l)).map(|l| format!("+ {l}")))
        .collect();
    assert!(before == after, "not as it was found:\n{}", changes.join("\n"));
}

pub(crate) async fn is_given_back(database: &TestDatabase, isolation: &Isolation) {
    let (dump, catalogue) = (dumped(database), one(database, CATALOGUE).await);
    database.install(isolation).await.unwrap();
    assert_ne!(one(database, CATALOGUE).await, catalogue);
    database.install(isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert_same(&catalogue, &one(database, CATALOGUE).await);
    if let Some(dump) = dump {
        assert_same(&dump, &dumped(database).unwrap());
    }
}

#[tokio::test]
async fn a_schema_with_keys_views_partitions_and_grants_is_given_back() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    is_given_back(&database, &isolation(&database)).await;
}

#[tokio::test]
async fn under_a_single_role_it_is_given_back_too() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    is_given_back(&database, &single(&database)).await;
}

#[tokio::test]
async fn what_was_taken_from_everybody_in_postgresql_itself_is_given_back() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    is_given_back(&database, &isolation(&database).hide_activity()).await;
}

#[tokio::test]
async fn tables_whose_rows_were_counted_are_given_back_too() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    let orders = TableName::new("orders").unwrap();
    // Partitioned, and one that has children.
    let events = TableName::new("events").unwrap();
    let notes = TableName::new("notes").and_then(|t| t.in_schema("Support Desk")).unwrap();
    let mut counting = isolation(&database);
    for table in [orders, events, notes] {
        counting = counting.row_quota(table).unwrap();
    }
    is_given_back(&database, &counting).await;
}

#[tokio::test]
async fn a_schema_that_it_made_goes_again() {
    let database = TestDatabase::create().await.unwrap();
    let layout = crate::fixture::layout(&database).schemas(["made"]).unwrap();
    let tenancy = tenant_core::Tenancy::new(tenant_core::TenantKey::Bigint);
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    is_given_back(&database, &isolation).await;
    database.session().batch("CREATE SCHEMA made").await.unwrap();
    is_given_back(&database, &isolation).await;
}

#[tokio::test]
async fn another_database_of_the_same_roles_keeps_them_and_what_they_may() {
    let database = TestDatabase::create().await.unwrap();
    let another = TestDatabase::create().await.unwrap();
    let of_the_same_roles =
        Isolation::new(&crate::fixture::tenancy(), &crate::fixture::layout(&database)).unwrap();
    for each in [&database, &another] {
        found(each).await;
        each.install(&of_the_same_roles).await.unwrap();
    }
    let (name, there) = (database.name(), another.name());
    let closed = format!(
        "REVOKE CONNECT ON DATABASE {there} FROM PUBLIC; ALTER DATABASE {there} OWNER TO {name}_owner"
    );
    another.session().batch(&closed).await.unwrap();
    let beside = "SELECT format('%s %s', pg_get_userbyid(datdba), datacl) FROM pg_database \
                  WHERE datname = current_database()";
    let before = crate::fixture::one(&another, beside).await;
    assert!(before.contains(&format!("{name}_login=c")), "{before}");
    of_the_same_roles.revert(database.session()).await.unwrap();
    assert_eq!(crate::fixture::one(&another, beside).await, before);
    assert_eq!(of_the_same_roles.diff(another.session()).await.unwrap(), []);
    // The twin: this is what would have been lost.
    another.session().batch(&format!("DROP OWNED BY {name}_login")).await.unwrap();
    assert!(!crate::fixture::one(&another, beside).await.contains(&format!("{name}_login=c")));
}
