//! `tenancy.ledger`: what `up` found before it changed it, so that `down` can give it back.

use super::template::script;
use crate::quote_literal;

/// Remembers, once, what `query` (one text column, no row for "nothing to remember") finds.
pub(super) fn remember(kind: &str, object: &str, query: &str) -> String {
    format!(
        "INSERT INTO tenancy.ledger (kind, object, before)\n\
         SELECT {}, {}, found.before FROM ({query}) AS found (before)\n\
         ON CONFLICT (kind, object) DO NOTHING;\n",
        quote_literal(kind),
        quote_literal(object),
    )
}

/// Remembers, once, who may do what with an object: all of it, as PostgreSQL writes it down.
/// `what` is `DATABASE`, `SCHEMA` or `FUNCTION`; `query` answers with the list.
pub(super) fn remember_acl(what: &str, name: &str, query: &str) -> String {
    remember("acl", &format!("{what} {name}"), &format!("SELECT ({query})::text"))
}

/// The same for relations and their columns: those whose oids `query` answers with.
pub(super) fn remember_relations(query: &str) -> String {
    format!(
        "INSERT INTO tenancy.ledger (kind, object, before)\n\
         SELECT 'acl', found.object, found.acl::text FROM (\n  \
           SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS object, \
             c.relacl AS acl, 0 AS attnum\n  \
           FROM pg_class c WHERE c.oid IN ({query})\n  \
           UNION ALL\n  \
           SELECT format('COLUMN (%I) ON TABLE %s', a.attname, a.attrelid::regclass), a.attacl, a.attnum\n  \
           FROM pg_attribute a WHERE a.attrelid IN ({query}) AND a.attacl IS NOT NULL AND NOT a.attisdropped\n\
         ) AS found ORDER BY found.object, found.attnum\n\
         ON CONFLICT (kind, object) DO NOTHING;\n"
    )
}

/// Gives back every access list that the ledger remembers.
pub(super) fn give_back_acls() -> String {
    script(include_str!("sql/give_back_acls.sql"), &[])
}
