//! The roles: who logs in, and who may do what.

use super::ledger::remember;
use crate::{Layout, quote::dollar_quoted, quote::quoted, quote_literal};

pub(super) fn up(layout: &Layout) -> Vec<String> {
    let roles = layout.roles();
    let (Some(tenant), Some(shared), Some(admin), Some(owner)) =
        (roles.tenant(), roles.shared(), roles.admin(), roles.owner())
    else {
        return vec![no_more_than_ours(roles.login(), None)];
    };
    let login = roles.login();
    let members = format!("{}, {}", quoted(tenant), quoted(shared));
    let mut parts = vec![
        role(login, "LOGIN NOINHERIT"),
        becomes(tenant, layout.is_citus()),
        becomes(shared, layout.is_citus()),
        role(roles.registry(), "LOGIN NOINHERIT"),
        role(admin, "LOGIN NOINHERIT"),
        role(owner, "LOGIN NOINHERIT"),
        login_is_no_more_than_ours(layout),
        no_more_than_ours(tenant, Some(&[])),
        no_more_than_ours(shared, Some(&[])),
        no_more_than_ours(roles.registry(), Some(&[])),
        no_more_than_ours(owner, None),
        "-- The login may become the tenant's or the shared role, and inherits nothing.\n"
            .to_owned()
            + &block(&format!(
                "EXECUTE {grant} || CASE WHEN current_setting('server_version_num')::int >= 160000\n    \
                   THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;",
                grant = quote_literal(&format!("GRANT {members} TO {}", quoted(login))),
            )),
        bypass(admin),
        "-- A migration that a policy would silently narrow fails instead.\n".to_owned()
            + &block(&format!(
                "EXECUTE format('ALTER ROLE %I IN DATABASE %I SET row_security = off', \
                 {}, current_database());",
                quote_literal(owner)
            )),
        "-- A query whose caller is gone ends with its socket, and frees its locks.\n".to_owned()
            + &block(&format!(
                "EXECUTE format('ALTER ROLE %I IN DATABASE %I SET client_connection_check_interval \
                 = %L', {}, current_database(), '2s');\n\
                 EXCEPTION WHEN undefined_object OR invalid_parameter_value \
                 OR insufficient_privilege THEN NULL;",
                quote_literal(login)
            )),
        "-- Diesel tells a refused row by its message alone, so the login speaks English, where the \
         server lets us say so.\n"
            .to_owned()
            + &block(&format!(
                "EXECUTE format('ALTER ROLE %I IN DATABASE %I SET lc_messages = %L', \
                 {}, current_database(), 'C');\n\
                 EXCEPTION WHEN insufficient_privilege THEN NULL;",
                quote_literal(login)
            )),
        "-- Whoever installs must be able to hand things to the owner.\n".to_owned()
            + &block(&format!(
                "IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)\n     \
                   AND NOT pg_has_role({}, CASE WHEN \
                   current_setting('server_version_num')::int >= 160000 \
                   THEN 'SET' ELSE 'MEMBER' END) THEN\n    \
                   EXECUTE format('GRANT %I TO %I', {0}, current_user);\n  END IF;",
                quote_literal(owner)
            )),
    ];
    if let (Some(analytics), Some(staff)) = (roles.analytics(), roles.staff()) {
        parts.extend([
            role(analytics, "LOGIN NOINHERIT"),
            role(staff, "NOLOGIN NOINHERIT"),
            no_more_than_ours(analytics, Some(&[])),
            no_more_than_ours(staff, Some(&[])),
            "-- Reports write nothing; what holds them is that they have no right to.\n".to_owned()
                + &block(&format!(
                    "EXECUTE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only \
                     = on', {}, current_database());",
                    quote_literal(analytics)
                )),
        ]);
    }
    parts
}

/// Creates a role unless it is there; another database of the server may do the same right now.
pub(super) fn role(name: &str, attributes: &str) -> String {
    let remembered = remember(
        "role",
        name,
        &format!(
            "SELECT NULL::text WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {})",
            quote_literal(name)
        ),
    );
    let create = block(&format!(
        "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN\n    \
           CREATE ROLE {} {attributes};\n  END IF;\n\
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;",
        quote_literal(name),
        quoted(name),
    ));
    format!("{remembered}{create}")
}

/// A role that the login becomes. Citus reaches its workers as whoever asks, so there it logs in.
fn becomes(name: &str, logs_in: bool) -> String {
    if !logs_in {
        return role(name, "NOLOGIN NOINHERIT");
    }
    role(name, "LOGIN NOINHERIT")
        + &block(&format!(
            "IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = {}) THEN\n    \
               ALTER ROLE {} LOGIN;\n  END IF;",
            quote_literal(name),
            quoted(name),
        ))
}

/// Bypassing where the server lets us; where not, the role has a policy of its own.
pub(super) fn bypass(role: &str) -> String {
    "-- Bypassing where the server lets us; where not, it has a policy of its own.\n".to_owned()
        + &block(&format!(
            "IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = {name}) THEN\n    \
               ALTER ROLE {role} BYPASSRLS;\n  END IF;\n\
             EXCEPTION WHEN insufficient_privilege THEN NULL;",
            name = quote_literal(role),
            role = quoted(role),
        ))
}

/// What no role of tenants has.
const ATTRIBUTES: &str = "rolsuper OR rolbypassrls";

/// A role of that name that was there before must not bypass row security; one of ours that has no
/// business but the tenants' (`members_of`: of what it may be a member) must be no more than that.
fn no_more_than_ours(name: &str, members_of: Option<&[&str]>) -> String {
    no_more_than(name, members_of, "", ATTRIBUTES)
}

/// The same for the login, which is what a schema's own role may be, too.
fn login_is_no_more_than_ours(layout: &Layout) -> String {
    let roles = layout.roles();
    let ours: Vec<&str> = [roles.tenant(), roles.shared()].into_iter().flatten().collect();
    no_more_than(roles.login(), Some(&ours), &not_of_schemas(layout, "r.rolname"), ATTRIBUTES)
}

/// ` AND …`: that a role is none of a tenant's own schema, where those have roles.
pub(super) fn not_of_schemas(layout: &Layout, role: &str) -> String {
    if !layout.has_schema_roles() {
        return String::new();
    }
    format!(" AND NOT starts_with({role}, {})", quote_literal(&layout.roles().schema_prefix()))
}

/// The role of one tenant's own schema, if it has one: the tenants' role, and the schema's rights.
pub(super) fn of_schema(layout: &Layout) -> String {
    let roles = layout.roles();
    let (Some(own), Some(everywhere)) = (roles.tenant(), roles.everywhere()) else {
        return String::new();
    };
    let (name, login) = (quoted(own), quoted(roles.login()));
    let literal = quote_literal(own);
    let (of, to) = (quote_literal(&quoted(everywhere)), quote_literal(&name));
    "-- The schema's own role: what tenants may do in shared tables, and here.\n".to_owned()
        + &role(own, "NOLOGIN INHERIT")
        + &block_with(
            "excess text;",
            &format!(
                "SELECT string_agg(r.rolname, ', ') INTO excess FROM pg_auth_members m \
                 JOIN pg_roles r ON r.oid = m.roleid\n    \
                   WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = {literal}) \
                   AND r.rolname <> {everywhere};\n  \
                 IF excess IS NOT NULL OR EXISTS (SELECT FROM pg_roles WHERE rolname = {literal} \
                   AND (rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication OR {ATTRIBUTES})) THEN\n    \
                   RAISE EXCEPTION USING ERRCODE = 'invalid_role_specification', MESSAGE = format(\
                   'the role %I was there before and may do more than a tenant: choose another schema, or take that \
                 from it', {literal});\n  END IF;\n  \
                 EXECUTE format('GRANT %s TO %s', {of}, {to}) || CASE WHEN \
                 current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;\n  \
                 EXECUTE format('GRANT %s TO %s', {to}, {login}) || CASE WHEN \
                 current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;",
                everywhere = quote_literal(everywhere),
                login = quote_literal(&login),
            ),
        )
}

/// A schema that gets another name takes its role along.
pub(crate) fn rename_schema_role(from: &Layout, to: &Layout) -> String {
    let (Some(old), Some(new)) = (from.roles().tenant(), to.roles().tenant()) else {
        return String::new();
    };
    if from.roles().everywhere().is_none() || old == new {
        return String::new();
    }
    block(&format!(
        "IF EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN\n    \
           DROP OWNED BY {old};\n    DROP ROLE {old};\n  \
         ELSE\n    ALTER ROLE {old} RENAME TO {};\n  END IF;",
        quote_literal(new),
        quoted(new),
        old = quoted(old),
    ))
}

/// A schema that is gone needs its role no more, unless another database of the server does.
pub(crate) fn drop_schema_role(layout: &Layout) -> String {
    let roles = layout.roles();
    let (Some(own), Some(_)) = (roles.tenant(), roles.everywhere()) else { return String::new() };
    block(&format!(
        "DROP ROLE IF EXISTS {};\n\
         EXCEPTION WHEN dependent_objects_still_exist THEN NULL;",
        quoted(own)
    ))
}

/// The same for one that may bypass row security.
pub(super) fn no_more_than_bypassing(name: &str) -> String {
    no_more_than(name, Some(&[]), "", "rolsuper")
}

fn no_more_than(name: &str, members_of: Option<&[&str]>, and: &str, attributes: &str) -> String {
    let literal = quote_literal(name);
    let mut attributes = attributes.to_owned();
    let mut more = String::new();
    if let Some(members_of) = members_of {
        attributes.push_str(" OR rolcreaterole OR rolcreatedb OR rolreplication");
        let members_of: Vec<String> = members_of.iter().map(|role| quote_literal(role)).collect();
        more = format!(
            "SELECT 'is a member of ' || string_agg(r.rolname, ', ') INTO excess \
             FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid\n    \
             WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = {literal}) \
             AND r.rolname <> ALL (ARRAY[{}]::name[]){and};\n  \
             IF (SELECT rolinherit FROM pg_roles WHERE rolname = {literal}) THEN\n    \
               ALTER ROLE {} NOINHERIT;\n  END IF;\n  ",
            members_of.join(", "),
            quoted(name),
        );
    }
    block_with(
        "excess text;",
        &format!(
            "{more}IF EXISTS (SELECT FROM pg_roles WHERE rolname = {literal} AND ({attributes})) THEN\n    \
               excess := 'is a superuser, bypasses row security or makes roles';\n  END IF;\n  \
             IF excess IS NOT NULL THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'invalid_role_specification', MESSAGE = format(\
               'the role %I was there before and %s: choose another one, or take that from it', \
               {literal}, excess);\n  END IF;"
        ),
    )
}

pub(super) fn block(body: &str) -> String {
    format!("DO {};\n", dollar_quoted(&format!("\nBEGIN\n  {body}\nEND\n")))
}

pub(super) fn block_with(declare: &str, body: &str) -> String {
    format!("DO {};\n", dollar_quoted(&format!("\nDECLARE\n  {declare}\nBEGIN\n  {body}\nEND\n")))
}
