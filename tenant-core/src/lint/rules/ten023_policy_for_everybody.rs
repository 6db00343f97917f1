use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN023",
    name: "policy_for_everybody",
    severity: Severity::Info,
    startup: false,
    finds: "A permissive policy of a tenant table for PUBLIC.",
    why: "It holds for roles that do not exist yet, an anonymous one among them.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0012_auth_allow_anonymous_sign_ins",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object, 'it is for everybody: name the role',
               (SELECT format('ALTER POLICY %I ON %s TO %s;', p.name, p.rel, r.label)
                FROM our_role r WHERE r.kind IN ('tenant', 'single'))
        FROM policy p
        WHERE p.permissive AND 0::oid = ANY (p.roles)
          AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid)",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "ALTER POLICY tenancy_select ON invoices TO PUBLIC;",
        clean: "CREATE POLICY everybodys ON invoices AS RESTRICTIVE TO PUBLIC USING (total >= 0);",
    },
};
