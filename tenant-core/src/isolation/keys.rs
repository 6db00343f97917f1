//! Foreign keys between tenant tables. A foreign key's check sees every tenant's rows, so only one
//! that has the tenant in it keeps a row from pointing at another tenant's.

use super::{
    relations::tenant_tables,
    roles::block_with,
    template::{fill, script},
};
use crate::{Tenancy, quote_literal};

/// The foreign keys that have no tenant in them yet, with everything that replaces them.
pub(super) fn crossing(tenancy: &Tenancy) -> String {
    let tenants = tenant_tables(tenancy.tenant_tables());
    fill(include_str!("sql/foreign_keys.sql"), &[("tenants", &tenants)])
}

/// Replaces them, all at once: for a schema without many rows.
pub(super) fn up(tenancy: &Tenancy) -> String {
    "-- Foreign keys between tenant tables carry the tenant.\n".to_owned()
        + &script(
            include_str!("sql/replace_foreign_keys.sql"),
            &[("crossing", &crossing(tenancy)), ("look", LOOK)],
        )
}

/// Raises what speaks against replacing the foreign key `fk`.
pub(super) const LOOK: &str = include_str!("sql/look_at_foreign_key.sql");

/// What is remembered of a key that is made (`was`: of one that is replaced), as a statement.
pub(super) fn remember_key(kind: &str, table: &str, name: &str, was: Option<&str>) -> String {
    let was = was.map_or("NULL".to_owned(), quote_literal);
    let (table, name) = (quote_literal(table), quote_literal(name));
    format!(
        "INSERT INTO tenancy.ledger (kind, object, before)\n\
         VALUES ('{kind}', format('%I ON %s', {name}::text, {table}::regclass), \
         json_build_object('table', {table}::regclass, 'name', {name}::text, 'was', {was}::text)::text)\n\
         ON CONFLICT (kind, object) DO NOTHING;\n"
    )
}

pub(super) fn give_back() -> String {
    block_with(
        "was record;",
        "FOR was IN SELECT l.kind, e.entry ->> 'table' AS relation, e.entry ->> 'name' AS name, e.entry ->> 'was' AS before\n      \
         FROM tenancy.ledger l, LATERAL (SELECT l.before::json AS entry) AS e\n      \
         WHERE l.kind IN ('foreign key', 'key') ORDER BY l.kind, l.id DESC LOOP\n    \
           CONTINUE WHEN to_regclass(was.relation) IS NULL;\n    \
           EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', was.relation, was.name);\n    \
           IF was.kind = 'foreign key' THEN\n      \
             -- Of a plan that was not run to its end.\n      \
             EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', was.relation, 'tenancy_' || md5(was.name));\n      \
             EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', was.relation, was.name, was.before);\n    \
           END IF;\n  END LOOP;",
    )
}
