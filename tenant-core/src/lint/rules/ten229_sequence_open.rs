use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN229",
    name: "sequence_open",
    severity: Severity::Warning,
    startup: false,
    finds: "A sequence behind a tenant table that PUBLIC may use, or that the application may \
            read or set.",
    why: "Its last value tells one tenant how much all others write, and setting it makes \
            their inserts fail.",
    source: "https://www.postgresql.org/docs/current/functions-sequence.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT format('%s may %s', g.grantee_name, g.privilege), ', '),
               string_agg(DISTINCT format('REVOKE %s ON SEQUENCE %s FROM %s;', g.privilege, g.label,
                 g.grantee_name), ' ')
        FROM relation_grant g
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = g.relid
          AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        JOIN holder h ON h.oid = d.refobjid
        WHERE g.kind = 'S' AND (g.grantee = 0 OR g.privilege IN ('SELECT', 'UPDATE'))
        GROUP BY g.relid, g.object",
    example: Example {
        object: "sequence public.invoices_id_seq",
        triggers: "GRANT USAGE ON SEQUENCE invoices_id_seq TO PUBLIC;",
        clean: "GRANT USAGE ON SEQUENCE invoices_id_seq TO {prefix}_tenant;",
    },
};
