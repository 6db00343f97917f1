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
        no_more_than_ours(login, Some(&[tenant, shared])),
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

/// A role of that name that was there before must not bypass row security; one of ours that has no
/// business but the tenants' (`members_of`: of what it may be a member) must be no more than that.
fn no_more_than_ours(name: &str, members_of: Option<&[&str]>) -> String {
    no_more_than(name, members_of, "rolsuper OR rolbypassrls")
}

/// The same for one that may bypass row security.
pub(super) fn no_more_than_bypassing(name: &str) -> String {
    no_more_than(name, Some(&[]), "rolsuper")
}

fn no_more_than(name: &str, members_of: Option<&[&str]>, attributes: &str) -> String {
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
             AND r.rolname <> ALL (ARRAY[{}]::name[]);\n  \
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
