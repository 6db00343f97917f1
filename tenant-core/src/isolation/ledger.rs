//! `tenancy.ledger`: what `up` found before it changed it, so that `down` can give it back.

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

/// The privileges that `PUBLIC` has in an access list, as in `GRANT`.
pub(super) fn public_privileges(acl: &str) -> String {
    format!(
        "SELECT string_agg(a.privilege_type, ', ') FROM aclexplode({acl}) AS a \
         WHERE a.grantee = 0 HAVING count(*) > 0"
    )
}
