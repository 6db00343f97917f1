//! What there is in the database of what the isolation makes: facts, each with the SQL that makes it
//! and the SQL that takes it away. `up` writes them down in `tenancy.installed`; `diff` looks again.

use super::{
    citus,
    relations::{POLICY_TEXT, shared_tables, tenant_tables},
    template::fill,
};
use crate::{Layout, Tenancy, quote::quoted};

/// Where they are kept. Rows of the kind `part` say which parts of `up` have run, as which text.
pub(super) fn table() -> String {
    "-- What was installed, so that what somebody changed since can be told.\n\
     CREATE TABLE IF NOT EXISTS tenancy.installed (\n  \
       kind text NOT NULL,\n  object text NOT NULL,\n  value text,\n  about text,\n  make text,\n  undo text,\n  \
       PRIMARY KEY (kind, object)\n);\n\
     REVOKE ALL ON tenancy.installed FROM PUBLIC;\n"
        .to_owned()
}

/// The query for all facts: `kind`, `object`, `value`, `about`, `make`, `undo`.
pub(super) fn facts(layout: &Layout, tenancy: &Tenancy, schemas: &str) -> String {
    let roles = layout.roles();
    // They come and go with tenants' own schemas.
    let not_of_schemas = super::roles::not_of_schemas(layout, "r.rolname");
    let facts = fill(
        include_str!("sql/facts.sql"),
        &[
            ("tenants", &tenant_tables(tenancy.tenant_tables())),
            ("shareds", &shared_tables(tenancy.shared_tables())),
            ("schemas", schemas),
            ("ours", &super::search::with_search_role(roles)),
            ("not_of_schemas", &not_of_schemas),
            ("judged", &super::leakproof::judged()),
            ("policy_text", POLICY_TEXT),
        ],
    );
    facts + &citus::facts(layout, tenancy)
}

/// Writes the facts down. A policy that is not ours is one of the installation only if it was there
/// when its table was first walled; running `up` again does not make it so.
pub(super) fn snapshot(layout: &Layout, tenancy: &Tenancy, schemas: &str) -> String {
    let mut sql = String::new();
    if let Some(owner) = layout.roles().owner() {
        sql.push_str(&format!("ALTER TABLE tenancy.installed OWNER TO {};\n", quoted(owner)));
    }
    sql.push_str(&format!(
        "-- How it is now is how it should be.\n\
         WITH facts AS MATERIALIZED (\n{}\n), known AS (\n  \
           SELECT f.* FROM facts f WHERE f.kind <> 'foreign policy'\n    \
             OR NOT EXISTS (SELECT FROM tenancy.installed i WHERE i.kind = 'row security' AND i.object = f.about)\n    \
             OR EXISTS (SELECT FROM tenancy.installed i WHERE i.kind = f.kind AND i.object = f.object)\n\
         ), gone AS (\n  \
           DELETE FROM tenancy.installed i WHERE i.kind <> 'part'\n    \
             AND NOT EXISTS (SELECT FROM known k WHERE k.kind = i.kind AND k.object = i.object)\n\
         )\n\
         INSERT INTO tenancy.installed (kind, object, value, about, make, undo)\n\
         SELECT kind, object, value, about, make, undo FROM known\n\
         ON CONFLICT (kind, object) DO UPDATE SET value = excluded.value, about = excluded.about, \
         make = excluded.make, undo = excluded.undo;\n",
        facts(layout, tenancy, schemas).trim_end()
    ));
    sql
}
