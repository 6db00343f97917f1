//! What a move of a tenant leaves in the database: which one has begun and how far it is, and the
//! triggers that refuse writes while the last rows are brought elsewhere.

use super::{move_changes, template::fill};
use crate::{Layout, TenantKey, quote::dollar_quoted, quote::quoted};

pub(super) const TABLES: [&str; 2] = ["tenancy.moves", move_changes::TABLE];

/// The setting in which a mover says who it is; to be believed of who may write `tenancy.moves` alone.
pub(crate) const MOVER: &str = "tenancy.mover";

/// The setting in which it says that it erases, to be believed likewise.
pub(crate) const ERASER: &str = "tenancy.eraser";

/// What it says where source and target are one database, whose rows then are no more than before.
pub(crate) const UNCOUNTED: &str = "uncounted";

const REFUSE: &str = "tenancy.refuse_moving()";
const NAMES: &str = "tenancy.move_triggers(text)";
const THAW: &str = "tenancy.thaw(regclass, text)";

/// Two take the tenant, and so the type of its key.
pub(super) fn functions(key: TenantKey) -> [String; 7] {
    [
        REFUSE.to_owned(),
        NAMES.to_owned(),
        THAW.to_owned(),
        freeze_name(key),
        move_changes::NOTE.to_owned(),
        move_changes::ANALYZE.to_owned(),
        move_changes::watch_name(key),
    ]
}

fn freeze_name(key: TenantKey) -> String {
    format!("tenancy.freeze(regclass[], name[], {key})")
}

/// Whether this session is a mover's, in PL/pgSQL.
pub(super) fn is_mover(kind: &str) -> String {
    format!(
        "current_setting('{MOVER}', true) {kind} AND has_table_privilege(session_user, 'tenancy.moves', 'INSERT')"
    )
}

/// Whether this transaction is the one that erases what a tenant has left behind. What hangs on the
/// mover's other writes is the tenant's like all else.
fn is_eraser() -> String {
    format!(
        "coalesce(current_setting('{ERASER}', true), '') = 'on' AND has_table_privilege(session_user, 'tenancy.moves', 'INSERT')"
    )
}

pub(super) fn up(key: TenantKey) -> String {
    table(key) + &refuse() + &names() + &freeze(key) + &thaw() + &move_changes::up(key)
}

fn table(key: TenantKey) -> String {
    format!(
        "-- Tenants that are on their way elsewhere, and how far. One that has arrived is in the audit log.\n\
         CREATE TABLE IF NOT EXISTS tenancy.moves (\n  \
           tenant_id {key} PRIMARY KEY,\n  \
           from_placement text NOT NULL,\n  from_database text NOT NULL,\n  from_schema text,\n  \
           to_placement text NOT NULL,\n  to_database text NOT NULL,\n  to_schema text,\n  \
           step text NOT NULL CHECK (step IN ('begun', 'copied', 'frozen', 'switched', 'erased')),\n  \
           started_at timestamptz NOT NULL DEFAULT clock_timestamp(),\n  \
           frozen_at timestamptz,\n  switched_at timestamptz,\n  proof jsonb,\n  \
           actor text NOT NULL CHECK (actor <> ''),\n  reason text NOT NULL CHECK (reason <> ''),\n  \
           UNIQUE (to_database, to_schema)\n);\n\
         REVOKE ALL ON tenancy.moves FROM PUBLIC;\n"
    )
}

/// The mover's own writes go through: it erases what is left behind, when nobody looks there any more.
fn refuse() -> String {
    let body = dollar_quoted(&format!(
        "\nBEGIN\n  IF {} THEN\n    \
           IF TG_OP = 'DELETE' THEN\n      RETURN OLD;\n    END IF;\n    RETURN NEW;\n  END IF;\n  \
         RAISE EXCEPTION 'the tenant is being moved, and its rows in %.% are not written any more', \
         quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)\n    \
         USING ERRCODE = 'object_in_use', CONSTRAINT = 'tenant_moving',\n    \
         HINT = 'Verify the scope again, then run the transaction again.';\nEND\n",
        is_eraser()
    ));
    format!(
        "CREATE OR REPLACE FUNCTION {REFUSE} RETURNS trigger\n\
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {REFUSE} FROM PUBLIC;\n"
    )
}

/// An id can be longer than a name.
fn names() -> String {
    let body = dollar_quoted(
        "\n  SELECT 'tenancy_' || w || '_' || e || '_' || left(encode(sha256(convert_to(tenant, 'UTF8')), 'hex'), 32)\n  \
         FROM unnest(ARRAY['moving', 'moved', 'noting']) AS w, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) AS e\n",
    );
    format!(
        "-- The names of the triggers that freeze a tenant's rows, and of those that note what is written, on each table.\n\
         CREATE OR REPLACE FUNCTION {NAMES_WITH} RETURNS SETOF text\n\
         LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {NAMES} FROM PUBLIC;\n"
    )
}

const NAMES_WITH: &str = "tenancy.move_triggers(tenant text)";

/// The body of a function that makes the triggers of these kinds, if they are not there as they should be.
/// All tables or none: the lock waits for whoever writes in them, and everybody who wants to write
/// waits behind it, so it waits for a moment only, and the caller tries again.
pub(super) fn triggers(kinds: &str, create: &str) -> String {
    let body = include_str!("sql/move_triggers.sql");
    dollar_quoted(&fill(body, &[("kinds", kinds), ("create", create.trim())]))
}

fn freeze(key: TenantKey) -> String {
    let body = triggers("'moving', 'moved'", include_str!("sql/freeze.sql"));
    let function = freeze_name(key);
    format!(
        "-- From its return on, nobody writes rows of this tenant in these tables.\n\
         CREATE OR REPLACE FUNCTION tenancy.freeze(tables regclass[], columns name[], tenant {key}) RETURNS boolean\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET lock_timeout = '100ms'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {function} FROM PUBLIC;\n"
    )
}

/// One table, since taking a trigger away keeps out readers, too. Nothing is noted any more either.
fn thaw() -> String {
    let body = dollar_quoted(
        "\nDECLARE\n  hook text;\nBEGIN\n  \
         FOR hook IN SELECT t.tgname FROM pg_trigger t JOIN tenancy.move_triggers(tenant) AS m ON m = t.tgname\n      \
             WHERE t.tgrelid = frozen AND t.tgparentid = 0 LOOP\n    \
           EXECUTE format('DROP TRIGGER %I ON %s', hook, frozen);\n  \
         END LOOP;\n  RETURN true;\n\
         EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n  RETURN false;\nEND\n",
    );
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.thaw(frozen regclass, tenant text) RETURNS boolean\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET lock_timeout = '100ms'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {THAW} FROM PUBLIC;\n"
    )
}

/// To the admin alone, which moves.
pub(super) fn grants(layout: &Layout, key: TenantKey) -> String {
    let Some(admin) = layout.roles().admin().map(quoted) else { return String::new() };
    format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy.moves TO {admin};\n\
         GRANT SELECT, DELETE ON {} TO {admin};\n\
         GRANT EXECUTE ON FUNCTION {}, {}, {}, {THAW} TO {admin};\n",
        move_changes::TABLE,
        move_changes::ANALYZE,
        freeze_name(key),
        move_changes::watch_name(key)
    )
}
