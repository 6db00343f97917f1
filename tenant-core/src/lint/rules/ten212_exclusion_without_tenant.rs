use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN212",
    name: "exclusion_without_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "An exclusion constraint of a tenant table without the tenant.",
    why: "One tenant's booking then refuses another's, and tells that it is there.",
    source: "https://www.postgresql.org/docs/current/ddl-constraints.html",
    query: "
        SELECT 'pg_constraint'::regclass, i.constraint_oid,
               format('constraint %I on %s', i.conname, i.rel),
               'it excludes rows of other tenants: add the tenant column WITH = (extension btree_gist)',
               NULL
        FROM index_ i
        WHERE i.is_exclusion AND i.constraint_oid IS NOT NULL AND i.attnum IS NOT NULL
          AND NOT i.is_partition AND i.attnum <> ALL (i.key_columns)",
    example: Example {
        object: "constraint no_overlap on public.projects",
        triggers: "
        ALTER TABLE projects ADD COLUMN during int4range,
          ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);",
        clean: "ALTER TABLE projects ADD CONSTRAINT no_overlap EXCLUDE (tenant_id WITH =, name WITH =);",
    },
};
