//! What must hold before a pool opens, asked in one message.

use crate::{
    Binding, Error, Layout, Lint, Seal, Tenancy,
    lint::{SETTINGS, query},
    quote::dollar_quoted,
};

/// Found in the same look, and told as a warning: a pool opens all the same.
const WARNED: [&str; 1] = ["TEN309"];

/// How many findings an error tells.
const TOLD: usize = 12;

/// Renders the message with which a pool asks, once, whether its database would isolate tenants.
///
/// It fails, with the findings in its error, where a lint that is marked for it
/// ([`Rule::startup`](crate::Rule)) finds something: a login that bypasses row security, a
/// declared table without forced row security, roles that are not there, a server whose plans
/// outlive a change of role. It warns, and goes on, where an operator has lost the mark that queries
/// need to be fast (`TEN309`). It reads the catalogue only, as any login can.
#[derive(Debug, Clone)]
pub struct StartupCheck {
    sql: String,
}

impl StartupCheck {
    /// The constraint that the error of a refused start names.
    pub const CONSTRAINT: &'static str = "tenant_not_isolated";

    /// The check of this tenancy and layout, with the seal that the pool has.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] when the declaration cannot hold.
    pub fn new(tenancy: &Tenancy, layout: &Layout, seal: Option<&Seal>) -> Result<Self, Error> {
        let tenancy = tenancy.qualified(layout);
        tenancy.check()?;
        let rules = Lint::rules().iter().filter(|rule| rule.startup || WARNED.contains(&rule.code));
        let unsaid = seal.filter(|_| !layout.binding_kind().is_sealed());
        let sealed = unsaid.map(|_| layout.clone().binding(Binding::Sealed));
        let padding = seal.map_or(0, Seal::padding_bytes);
        let layout = sealed.as_ref().unwrap_or(layout);
        let mut findings = query(&tenancy, layout, None, padding, rules);
        findings.push_str(SESSION);
        let body = dollar_quoted(&format!(
            "\nDECLARE\n  told text[] := '{{}}';\n  found record;\n  more bigint := 0;\nBEGIN\n  \
             FOR found IN EXECUTE {query} LOOP\n    \
               IF found.code = ANY ('{{{warned}}}') THEN\n      \
                 RAISE WARNING '%', format('%s %s: %s; mend: %s', found.code, found.object, found.found, found.mend);\n    \
               ELSIF cardinality(told) < {TOLD} THEN\n      \
                 told := told || format('%s %s: %s%s', found.code, found.object, found.found, \
             '; mend: ' || found.mend);\n    \
               ELSE\n      more := more + 1;\n    END IF;\n  END LOOP;\n  \
             IF more > 0 THEN told := told || format('and %s more', more); END IF;\n  \
             IF cardinality(told) > 0 THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',\n      \
                 CONSTRAINT = '{constraint}', MESSAGE = array_to_string(told, E'\\n');\n  \
             END IF;\nEND\n",
            query = dollar_quoted(&findings),
            warned = WARNED.join(","),
            constraint = Self::CONSTRAINT,
        ));
        Ok(Self { sql: format!("BEGIN READ ONLY; {SETTINGS}; DO {body}; COMMIT") })
    }

    /// The message. It leaves nothing behind when it succeeds; when it fails, close the connection.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// The lint judges the layout's roles; a pool may have been given another login.
const SESSION: &str = "\nUNION ALL SELECT CASE WHEN r.rolsuper THEN 'TEN102' ELSE 'TEN103' END, NULL, NULL, \
    'role ' || quote_ident(session_user), format('the pool logs in as it, and %I %s', r.rolname, \
    CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'bypasses row security' END), \
    'log in as the layout''s login role' \
    FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls) AND (r.rolname = session_user \
      OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) \
        AND pg_has_role(session_user, r.oid, 'MEMBER'))";
