use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN226",
    name: "trigger_with_owners_rights",
    severity: Severity::Warning,
    startup: false,
    finds: "A trigger on a tenant table whose function runs with the rights of an owner that no \
            policy holds.",
    why: "What it reads and writes is every tenant's, whoever's row has fired it.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_trigger'::regclass, t.oid, format('trigger %I on %s', t.tgname, h.label),
               format('it calls %s, which runs as %s', f.label, f.owner::regrole),
               format('ALTER FUNCTION %s SECURITY INVOKER;', f.label)
        FROM pg_trigger t JOIN holder h ON h.oid = t.tgrelid JOIN routine f ON f.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND f.definer AND f.nspname <> 'tenancy'
          AND f.owner IN (SELECT oid FROM all_seeing)",
    example: Example {
        object: "trigger count on public.invoices",
        triggers: "
        CREATE SCHEMA hidden;
        CREATE FUNCTION hidden.count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
          SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER count BEFORE INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION hidden.count();",
        clean: "
        CREATE SCHEMA hidden;
        CREATE FUNCTION hidden.count() RETURNS trigger LANGUAGE plpgsql
          SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER count BEFORE INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION hidden.count();",
    },
};
