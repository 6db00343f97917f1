//! The audit log: a table that only grows, and the one function that adds to it.

use crate::{Layout, quote::dollar_quoted, quote::quoted};

/// What a record's hash is over: the hash before it, and every field with its length in front, so
/// that no two records are the same bytes. An absent field has the length -1.
const FIELDS: [&str; 8] = [
    "entry.id::text",
    "(extract(epoch FROM entry.at) * 1000000)::bigint::text",
    "entry.event",
    "entry.tenant",
    "entry.actor",
    "entry.reason",
    "entry.detail",
    "entry.login",
];

pub(super) fn up() -> String {
    table() + &record() + &refuse()
}

fn table() -> String {
    "-- What happened across tenants and to them. Each record carries a hash over itself and the one\n\
     -- before, so that one which was changed or taken out is missed.\n\
     CREATE TABLE IF NOT EXISTS tenancy.audit (\n  \
       id bigint PRIMARY KEY,\n  at timestamptz NOT NULL,\n  \
       event text NOT NULL CHECK (event <> ''),\n  tenant text,\n  \
       actor text NOT NULL CHECK (actor <> ''),\n  reason text,\n  \
       detail text NOT NULL,\n  login text NOT NULL,\n  hash bytea NOT NULL\n);\n\
     CREATE INDEX IF NOT EXISTS audit_tenant ON tenancy.audit (tenant, id);\n\
     REVOKE ALL ON tenancy.audit FROM PUBLIC;\n"
        .to_owned()
}

/// The lock is the table's own, which nobody without a right on it can take.
fn record() -> String {
    let message: Vec<String> = FIELDS
        .iter()
        .map(|field| {
            format!(
                "coalesce(int4send(octet_length(convert_to({field}, 'UTF8'))) \
                 || convert_to({field}, 'UTF8'), int4send(-1))"
            )
        })
        .collect();
    let body = dollar_quoted(&format!(
        "\nDECLARE\n  last tenancy.audit;\n  entry tenancy.audit;\nBEGIN\n  \
         LOCK TABLE tenancy.audit IN SHARE ROW EXCLUSIVE MODE;\n  \
         SELECT * INTO last FROM tenancy.audit AS a ORDER BY a.id DESC LIMIT 1;\n  \
         entry := ROW(coalesce(last.id, 0) + 1, clock_timestamp(), record.event, record.tenant,\n    \
         record.actor, record.reason, record.detail, session_user, NULL);\n  \
         entry.hash := sha256(coalesce(last.hash, '') || {});\n  \
         INSERT INTO tenancy.audit VALUES (entry.*);\n  \
         RETURN QUERY SELECT entry.id, encode(entry.hash, 'hex');\nEND\n",
        message.join("\n    || ")
    ));
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.record(\n  \
           event text, tenant text, actor text, reason text, detail text,\n  \
           OUT id bigint, OUT hash text) RETURNS SETOF record\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {RECORD} FROM PUBLIC;\n"
    )
}

/// Holds the owner, too, until somebody takes the trigger away; the hashes tell what was done then.
fn refuse() -> String {
    let body = dollar_quoted(
        "\nBEGIN\n  RAISE EXCEPTION 'the audit log only grows'\n    \
         USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_audit_append_only';\nEND\n",
    );
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.refuse_change() RETURNS trigger\n\
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {REFUSE} FROM PUBLIC;\n\
         CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenancy.audit\n  \
         FOR EACH STATEMENT EXECUTE FUNCTION {REFUSE};\n"
    )
}

const RECORD: &str = "tenancy.record(text, text, text, text, text)";
const REFUSE: &str = "tenancy.refuse_change()";

pub(super) const TABLES: [&str; 1] = ["tenancy.audit"];

pub(super) const FUNCTIONS: [&str; 2] = [RECORD, REFUSE];

/// The admin records what it does, and the registry's login what the application saw: neither is the
/// login that runs tenants' SQL. Both name the event; the database adds who they are.
pub(super) fn grants(layout: &Layout) -> String {
    let roles = layout.roles();
    let mut sql = String::new();
    // Where one role does everything, it runs tenants' SQL, which could write what it likes.
    let registry = (!roles.is_single()).then(|| roles.registry());
    for role in registry.into_iter().chain(roles.admin()) {
        sql.push_str(&format!("GRANT EXECUTE ON FUNCTION {RECORD} TO {};\n", quoted(role)));
    }
    if let Some(admin) = roles.admin() {
        sql.push_str(&format!("GRANT SELECT ON tenancy.audit TO {};\n", quoted(admin)));
    }
    sql
}
