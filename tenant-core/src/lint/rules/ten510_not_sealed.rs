use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN510",
    name: "not_sealed",
    severity: Severity::Error,
    startup: true,
    finds: "A database that believes any tenant that is set, though the layout says that tenants \
            are sealed.",
    why: "The application then signs what nobody verifies, and injected SQL can switch the tenant \
            of its transaction.",
    source: "https://www.postgresql.org/docs/current/runtime-config-custom.html",
    query: r"
        SELECT 'pg_namespace'::regclass, n.oid, 'function tenancy.current_tenant()',
               'it asks for no seal: apply Isolation with Layout::binding(Binding::Sealed)', NULL
        FROM layout l JOIN pg_namespace n ON n.nspname = 'tenancy'
        WHERE l.sealed AND (
          SELECT count(*) FROM pg_proc p WHERE p.pronamespace = n.oid AND p.prosecdef
            AND (p.proname = 'open' OR p.proname = 'current_tenant'
              AND p.prosrc ~ 'tenancy\.seal_keys')) < 2",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "-- sealed",
        clean: "SELECT 1",
    },
};
