//! The database's half of the sealed context: the keys, `tenancy.open`, and the
//! `tenancy.current_tenant` that believes nothing else.
//!
//! `open` verifies what the application signed and then sets the tenant together with a second
//! signature, under a key that never leaves the database, over this backend and this transaction.
//! `current_tenant` verifies that one. So whatever SQL in the transaction sets, it is either what
//! `open` set or refused. Where the server guards what was opened, there is no second signature.

use super::{guard, roles::block};
use crate::{
    Binding, Layout, TenantKey,
    opening::ACTOR,
    quote::{dollar_quoted, quoted},
    quote_literal,
    seal::LONGEST_LIFETIME,
};

/// The setting that carries the second signature.
const SEAL: &str = "tenancy.seal";

/// What the second signature is over. Lengths and fixed sizes come first, so that no two contexts
/// are the same bytes.
const CONTEXT: &str = "int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) \
                       || int4send(octet_length(convert_to(actor, 'UTF8'))) \
                       || convert_to(actor || tenant, 'UTF8')";

/// Says that a tenant was set, and not by `open`.
pub(super) const REFUSE: &str = "RAISE EXCEPTION 'the tenant of this transaction is not sealed'\n      \
     USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_not_sealed',\n      \
     HINT = 'Something other than TenantDb::begin has set it.';\n";

/// HMAC-SHA-256 (RFC 2104) in what core PostgreSQL has, in hexadecimal digits.
fn hmac(key: &str, message: &str) -> String {
    format!("encode(sha256({key}.outer_pad || sha256({key}.inner_pad || {message})), 'hex')")
}

/// Keys and `open` are there in any case, so that an application can begin to seal before its
/// database begins to demand it.
pub(super) fn up(layout: &Layout, key: TenantKey) -> Vec<String> {
    let mut parts = vec![keys(), open(layout, key)];
    match layout.binding_kind() {
        Binding::Sealed => parts.push(current_tenant(layout, key)),
        Binding::Guarded => parts.push(guard::current_tenant(key)),
        _ => {}
    }
    parts.push(current_actor(layout));
    parts
}

fn keys() -> String {
    let pad = dollar_quoted(
        "\n  SELECT string_agg(set_byte(decode('00', 'hex'), 0, get_byte(secret || \
         decode(repeat('00', 64 - octet_length(secret)), 'hex'), i) # mask), ''::bytea ORDER BY i)\n  \
         FROM generate_series(0, 63) AS i\n",
    );
    let secret = (0..2)
        .map(|_| "sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))")
        .collect::<Vec<_>>()
        .join(" || ");
    format!(
        "-- The keys of the seal, readable by the functions alone: the application's, of which two are\n\
         -- alive while one replaces the other, and the database's own, made here and shown to nobody.\n\
         CREATE TABLE IF NOT EXISTS tenancy.seal_keys (\n  \
           kind text NOT NULL CHECK (kind IN ('application', 'database')),\n  \
           name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{{1,48}}$'),\n  \
           inner_pad bytea NOT NULL CHECK (octet_length(inner_pad) = 64),\n  \
           outer_pad bytea NOT NULL CHECK (octet_length(outer_pad) = 64),\n  \
           created_at timestamptz NOT NULL DEFAULT clock_timestamp(),\n  \
           PRIMARY KEY (kind, name)\n);\n\
         REVOKE ALL ON tenancy.seal_keys FROM PUBLIC;\n\
         CREATE OR REPLACE FUNCTION tenancy.seal_pad(secret bytea, mask int) RETURNS bytea\n\
         LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp\n\
         AS {pad};\n\
         REVOKE ALL ON FUNCTION tenancy.seal_pad(bytea, int) FROM PUBLIC;\n\
         CREATE OR REPLACE FUNCTION tenancy.renew_database_key() RETURNS void\n\
         LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp\n\
         AS {renew};\n\
         REVOKE ALL ON FUNCTION tenancy.renew_database_key() FROM PUBLIC;\n",
        // The one before stays, for the transactions that are open.
        renew = dollar_quoted(&format!(
            "\n  DELETE FROM tenancy.seal_keys WHERE kind = 'database' AND created_at < (\n    \
               SELECT max(created_at) FROM tenancy.seal_keys WHERE kind = 'database');\n  \
             INSERT INTO tenancy.seal_keys (kind, name, inner_pad, outer_pad)\n  \
             SELECT 'database', 'database-' || gen_random_uuid(), tenancy.seal_pad(secret, 54), \
             tenancy.seal_pad(secret, 92)\n  FROM (SELECT {secret}) AS made (secret);\n"
        )),
    ) + &block(
        "IF NOT EXISTS (SELECT FROM tenancy.seal_keys WHERE kind = 'database') THEN\n    \
           PERFORM tenancy.renew_database_key();\n  END IF;",
    )
}

fn open(layout: &Layout, key: TenantKey) -> String {
    let setting = quote_literal(layout.setting_name());
    let longest = LONGEST_LIFETIME.as_secs();
    let guarded = layout.binding_kind() == Binding::Guarded;
    let (seal, kept) = if guarded {
        let value = guard::value("tenant", "actor");
        (String::new(), format!("set_config('{}', {value}, true)", guard::PARAMETER))
    } else {
        let seal = format!(
            "SELECT {} INTO STRICT seal\n  \
             FROM tenancy.seal_keys AS k WHERE k.kind = 'database' ORDER BY k.created_at DESC LIMIT 1;\n  ",
            hmac("k", &format!("({CONTEXT})"))
        );
        (seal, format!("set_config('{SEAL}', seal, true)"))
    };
    let body = dollar_quoted(&format!(
        "\nDECLARE\n  now_s bigint := extract(epoch FROM clock_timestamp());\n  signed text;\n  seal text;\n\
         BEGIN\n  \
         SELECT {application} INTO signed\n  \
         FROM (SELECT convert_to(concat_ws('|', 'tenancy.open.1', key_name, expires,\n    \
         octet_length(convert_to(actor, 'UTF8')), actor, tenant), 'UTF8') AS message) AS m,\n    \
         tenancy.seal_keys AS k WHERE k.kind = 'application' AND k.name = key_name;\n  \
         -- Compared by their hashes, so that the time it takes tells nothing of the signature.\n  \
         IF (sha256(convert_to(signed, 'UTF8')) = sha256(convert_to(mac, 'UTF8'))) IS NOT TRUE THEN\n    \
           RAISE EXCEPTION 'the token that opens this transaction is not signed with a key that the database knows'\n      \
           USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_not_sealed',\n      \
           HINT = 'Give the application''s key to the database: SealKeys::add.';\n  \
         ELSIF expires < now_s OR expires > now_s + {longest} THEN\n    \
           RAISE EXCEPTION 'the token that opens this transaction has expired, or is good for longer than {longest} s'\n      \
           USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_seal_expired',\n      \
           HINT = 'If it was made just now, the clocks of application and database differ.';\n  \
         ELSIF EXISTS (SELECT FROM tenancy.tenants AS t WHERE t.id = tenant::{key} AND t.status <> 'active')\n      \
           OR EXISTS (SELECT FROM tenancy.tombstones AS t WHERE t.tenant_id = tenant::{key}) THEN\n    \
           RAISE EXCEPTION 'the tenant is suspended, in maintenance or deleted'\n      \
           USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_suspended';\n  \
         END IF;\n  \
         {seal}PERFORM set_config({setting}, tenant, true), set_config('{ACTOR}', actor, true),\n    \
         {kept};\n\
         END\n",
        application = hmac("k", "m.message"),
    ));
    format!(
        "-- Opens a transaction for a tenant, if the application's key has signed that.\n\
         CREATE OR REPLACE FUNCTION tenancy.open(\n  \
           tenant text, actor text, expires bigint, key_name text, mac text) RETURNS void\n\
         LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.open(text, text, bigint, text, text) FROM PUBLIC;\n"
    )
}

/// Its own transaction and backend are in the signature, so a parallel worker must not ask; the
/// leader does, once per statement.
fn current_tenant(layout: &Layout, key: TenantKey) -> String {
    let setting = quote_literal(layout.setting_name());
    let body = dollar_quoted(&format!(
        "\nDECLARE\n  tenant text := current_setting({setting}, true);\n  \
           actor text := coalesce(current_setting('{ACTOR}', true), '');\n\
         BEGIN\n  \
         {}  \
         IF NOT EXISTS (SELECT FROM tenancy.seal_keys AS k WHERE k.kind = 'database'\n    \
           AND {} = current_setting('{SEAL}', true)) THEN\n    \
           {REFUSE}  \
         END IF;\n  RETURN tenant::{key};\nEND\n",
        super::current_tenant::refuse_no_tenant(),
        hmac("k", &format!("({CONTEXT})")),
    ));
    format!(
        "-- The one place that knows how a transaction says whose it is.\n\
         CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS {key}\n\
         LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER\n\
         SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.current_tenant() FROM PUBLIC;\n"
    )
}

/// Believed as far as the tenant is: where there is a seal, it is over both.
fn current_actor(layout: &Layout) -> String {
    let actor = if layout.binding_kind() == Binding::Guarded {
        guard::actor()
    } else {
        format!("nullif(current_setting('{ACTOR}', true), '')")
    };
    // In the WHERE, where no planner leaves it out.
    let body =
        dollar_quoted(&format!("\n  SELECT {actor} WHERE tenancy.current_tenant() IS NOT NULL\n"));
    format!(
        "-- The user who acts for the tenant; NULL where nobody was named.\n\
         CREATE OR REPLACE FUNCTION tenancy.current_actor() RETURNS text\n\
         LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.current_actor() FROM PUBLIC;\n"
    )
}

pub(super) const TABLES: [&str; 1] = ["tenancy.seal_keys"];

pub(super) const FUNCTIONS: [&str; 4] = [
    "tenancy.current_actor()",
    "tenancy.open(text, text, bigint, text, text)",
    "tenancy.renew_database_key()",
    "tenancy.seal_pad(bytea, int)",
];

/// Who may use it, once the roles exist. Keys are the owner's alone.
pub(super) fn grants(layout: &Layout) -> String {
    let roles = layout.roles();
    let mut sql = String::new();
    for function in &FUNCTIONS[..2] {
        let callers = [roles.tenant().unwrap_or(roles.login())];
        for role in callers.into_iter().chain(roles.admin()) {
            sql.push_str(&format!("GRANT EXECUTE ON FUNCTION {function} TO {};\n", quoted(role)));
        }
    }
    sql + &guard::grant(layout)
}
