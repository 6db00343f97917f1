use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN225",
    name: "published",
    severity: Severity::Info,
    startup: false,
    finds: "A tenant table in a publication for logical replication, without a row filter.",
    why: "A publication asks no policy: whoever subscribes gets the rows of all tenants.",
    source: "https://www.postgresql.org/docs/current/logical-replication-row-filter.html",
    query: "
        SELECT 'pg_publication'::regclass, p.oid, 'publication ' || quote_ident(p.pubname),
               'it publishes the rows of all tenants of '
                 || string_agg(DISTINCT t.label, ', ' ORDER BY t.label), NULL
        FROM pg_publication p JOIN tenant_table t ON true
        LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = t.oid
        WHERE p.puballtables OR (r.oid IS NOT NULL AND r.prqual IS NULL)
          OR EXISTS (SELECT FROM pg_publication_namespace n
                     WHERE n.pnpubid = p.oid AND n.pnnspid = t.schema)
        GROUP BY p.oid, p.pubname",
    example: Example {
        object: "publication everything",
        triggers: "CREATE PUBLICATION everything FOR TABLE invoices;",
        clean: "CREATE PUBLICATION few FOR TABLE plans;",
    },
};
