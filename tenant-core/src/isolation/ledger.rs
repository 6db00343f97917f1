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
    let entry = format!(
        "SELECT json_build_object('kind', '{what}', 'name', {}, 'acl', ({query})::text)::text",
        quote_literal(name)
    );
    remember("acl", &format!("{what} {name}"), &entry)
}

/// The same for relations and their columns: those whose oids `query` answers with.
pub(super) fn remember_relations(query: &str) -> String {
    script(include_str!("sql/remember_relations.sql"), &[("relations", query)])
}

/// Gives back every access list that the ledger remembers.
pub(super) fn give_back_acls() -> String {
    script(include_str!("sql/give_back_acls.sql"), &[])
}
