use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN115",
    name: "references_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table that the application may reference.",
    why: "A foreign key asks no policy, so whoever can make one learns which keys exist, and \
            keeps others' rows from being deleted.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may REFERENCE it',
               format('REVOKE REFERENCES ON %s FROM %s;', g.label, string_agg(g.grantee_name, ', '))
        FROM relation_grant g WHERE g.holds AND g.privilege = 'REFERENCES'
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "table public.projects",
        triggers: "GRANT REFERENCES ON projects TO {prefix}_tenant;",
        clean: "GRANT REFERENCES ON projects TO {prefix}_admin;",
    },
};
