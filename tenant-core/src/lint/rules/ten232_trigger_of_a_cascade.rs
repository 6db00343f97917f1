use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

/// What a referential action does is done as the table's owner, and so are the triggers that fire
/// on it: those before a row always, those after it from PostgreSQL 18 on.
pub(super) const RULE: Rule = Rule {
    code: "TEN232",
    name: "trigger_of_a_cascade",
    severity: Severity::Warning,
    startup: false,
    finds: "A trigger that a foreign key's action fires, whose function reads or changes tenant \
            tables.",
    why: "A cascade runs as the table's owner, past every policy, and takes its triggers along: a \
            query in one that leaves the tenant to row security means every tenant's rows.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: r#"
        SELECT 'pg_trigger'::regclass, t.oid, format('trigger %I on %s', t.tgname, h.label),
               format('%s fires it as the owner of the table, and %s names %s',
                 string_agg(DISTINCT quote_ident(k.conname), ', '), f.label,
                 string_agg(DISTINCT n.label, ', ')),
               NULL
        FROM pg_trigger t JOIN holder h ON h.oid = t.tgrelid JOIN routine f ON f.oid = t.tgfoid
        -- DELETE is 8 and UPDATE is 16.
        JOIN pg_constraint k ON k.contype = 'f' AND k.conrelid = h.oid
          AND (k.confdeltype = 'c' AND t.tgtype & 8 <> 0
            OR (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('c', 'n', 'd')) AND t.tgtype & 16 <> 0)
        JOIN holder n ON f.source ~* ('\m(FROM|JOIN|UPDATE)\s+(ONLY\s+)?("?[[:alnum:]_]+"?\.)?"?'
          || regexp_replace((SELECT relname FROM pg_class WHERE oid = n.oid), '([^[:alnum:]_])', '\\\1', 'g') || '"?(\W|$)')
        -- One that a definer runs has a rule of its own; one that names the tenant is taken at its word.
        WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT f.definer AND f.nspname <> 'tenancy'
          AND f.source !~ ('\m' || n.col || '\M|\mcurrent_tenant\M')
        GROUP BY t.oid, t.tgname, h.label, f.label"#,
    example: Example {
        object: "trigger spent on public.invoices",
        triggers: "
        ALTER TABLE invoices DROP CONSTRAINT invoices_tenant_id_project_id_fkey,
          ADD FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE;
        CREATE FUNCTION spent() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
          AS 'BEGIN UPDATE public.projects SET name = NULL; RETURN NULL; END';
        CREATE TRIGGER spent AFTER DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION spent();",
        clean: "
        ALTER TABLE invoices DROP CONSTRAINT invoices_tenant_id_project_id_fkey,
          ADD FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE;
        CREATE FUNCTION spent() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
          AS 'BEGIN UPDATE public.projects SET name = NULL WHERE tenant_id = OLD.tenant_id; RETURN NULL; END';
        CREATE TRIGGER spent AFTER DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION spent();",
    },
};
