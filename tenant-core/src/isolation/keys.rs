//! Foreign keys between tenant tables. A foreign key's check sees every tenant's rows, so only one
//! that has the tenant in it keeps a row from pointing at another tenant's.

use super::{
    relations::tenant_tables,
    roles::block_with,
    template::{fill, script},
};
use crate::Tenancy;

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

pub(super) fn give_back() -> String {
    block_with(
        "was record;\n  part text[];",
        "FOR was IN SELECT * FROM tenancy.ledger WHERE kind IN ('foreign key', 'key')\n      \
         ORDER BY kind, id DESC LOOP\n    \
           part := regexp_match(was.object, '^(.*) ON ([^ ].*)$');\n    \
           CONTINUE WHEN to_regclass(part[2]) IS NULL;\n    \
           EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s', part[2], part[1]);\n    \
           IF was.kind = 'foreign key' THEN\n      \
             EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %s %s', part[2], part[1], was.before);\n    \
           END IF;\n  END LOOP;",
    )
}
