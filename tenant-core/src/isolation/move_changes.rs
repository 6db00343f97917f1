//! What a tenant writes while it moves, and where: the keys of the rows, noted by triggers, so that the
//! mover need not look at the others again.

use super::{
    moves::{ERASER, triggers},
    roles::block_with,
    template::fill,
};
use crate::{TenantKey, quote::dollar_quoted};

pub(super) const TABLE: &str = "tenancy.move_changes";

pub(super) const NOTE: &str = "tenancy.note_change()";

pub(super) const ANALYZE: &str = "tenancy.analyze_moved(regclass)";

pub(super) fn watch_name(key: TenantKey) -> String {
    format!("tenancy.watch(regclass[], name[], json, {key}, text)")
}

pub(super) fn up(key: TenantKey) -> String {
    table(key) + &note(key) + &watch(key) + &analyze()
}

/// A key is a JSON object of texts, whatever the types of its columns.
fn table(key: TenantKey) -> String {
    format!(
        "-- The keys of the rows that were written since the mover has looked, by table.\n\
         CREATE TABLE IF NOT EXISTS {TABLE} (\n  \
           tenant_id {key} NOT NULL,\n  id bigint GENERATED ALWAYS AS IDENTITY,\n  \
           relation oid NOT NULL,\n  key text NOT NULL,\n  \
           writer xid8 NOT NULL DEFAULT pg_current_xact_id(),\n  PRIMARY KEY (tenant_id, id)\n);\n\
         REVOKE ALL ON {TABLE} FROM PUBLIC;\n"
    )
}

/// The settings are those on which the text of a value depends: whoever writes could have others.
fn note(key: TenantKey) -> String {
    let body = include_str!("sql/note_change.sql");
    let body = dollar_quoted(&fill(body, &[("key", &key.to_string())]));
    format!(
        "CREATE OR REPLACE FUNCTION {NOTE} RETURNS trigger\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC'\n\
         SET bytea_output = 'hex' SET extra_float_digits = 3 SET lc_monetary = 'C'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {NOTE} FROM PUBLIC;\n"
    )
}

/// Whether it is the mover who erases is asked by the trigger, which
/// then calls nothing, as whoever writes; the table is told by its number, since not all may look into the schema.
fn watch(key: TenantKey) -> String {
    let function = watch_name(key);
    let eraser = format!(
        "coalesce(current_setting(''{ERASER}'', true), '''') = ''on'' AND has_table_privilege(session_user, %s::oid, ''INSERT'')"
    );
    let create = fill(include_str!("sql/watch.sql"), &[("eraser", &eraser)]);
    let body = triggers("'noting'", &create);
    format!(
        "-- From its return on, what anybody writes in this tenant's rows of these tables is noted.\n\
         CREATE OR REPLACE FUNCTION tenancy.watch(\n  \
           tables regclass[], columns name[], keys json, tenant {key}, side text) RETURNS boolean\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET lock_timeout = '100ms'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {function} FROM PUBLIC;\n"
    )
}

/// A planner that has not heard of a hundred thousand rows looks for one of them in all.
fn analyze() -> String {
    let body = dollar_quoted(
        "\nBEGIN\n  \
         IF (SELECT c.relnamespace FROM pg_class c WHERE c.oid = moved) = 'tenancy'::regnamespace THEN\n    \
           RAISE EXCEPTION '% is no tenants'' table', moved USING ERRCODE = 'wrong_object_type';\n  END IF;\n  \
         EXECUTE format('ANALYZE %s', moved);\n  RETURN true;\n\
         EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n  RETURN false;\nEND\n",
    );
    format!(
        "-- What PostgreSQL knows of a table, which a tenant has come into or is to leave.\n\
         CREATE OR REPLACE FUNCTION tenancy.analyze_moved(moved regclass) RETURNS boolean\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET lock_timeout = '100ms'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {ANALYZE} FROM PUBLIC;\n"
    )
}

/// The triggers of a move that nobody will end.
pub(super) fn down() -> String {
    "-- What a move has left.\n".to_owned()
        + &block_with(
            "hook record;",
            "FOR hook IN SELECT t.tgname, t.tgrelid::regclass AS relation FROM pg_trigger t\n      \
             WHERE t.tgparentid = 0 AND t.tgfoid IN (SELECT p.oid FROM pg_proc p\n        \
             WHERE p.pronamespace = 'tenancy'::regnamespace AND p.proname IN ('note_change', 'refuse_moving')) LOOP\n    \
               EXECUTE format('DROP TRIGGER %I ON %s', hook.tgname, hook.relation);\n  END LOOP;",
        )
}
