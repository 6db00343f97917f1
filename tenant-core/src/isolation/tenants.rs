//! What the registry keeps of a tenant's life, and the tombstones that keep an erased one's id from
//! being given again.

use crate::{Layout, TenantKey, quote::dollar_quoted, quote::quoted};

pub(super) fn up(key: TenantKey) -> String {
    columns() + &tombstones(key)
}

/// An installation from before these were there gets them. When a tenant was made that was there
/// already, nobody knows.
fn columns() -> String {
    "-- Of a tenant's life: why it must not be erased, by which request it was made, how far its\n\
     -- erasure has come.\n\
     ALTER TABLE tenancy.tenants\n  \
       ADD COLUMN IF NOT EXISTS created_at timestamptz,\n  \
       ADD COLUMN IF NOT EXISTS legal_hold text,\n  \
       ADD COLUMN IF NOT EXISTS idempotency_key text UNIQUE,\n  \
       ADD COLUMN IF NOT EXISTS idempotency_content text,\n  \
       ADD COLUMN IF NOT EXISTS erasure jsonb;\n\
     ALTER TABLE tenancy.tenants ALTER COLUMN created_at SET DEFAULT now();\n"
        .to_owned()
}

/// After the row is in, not before: an id whose erasure commits meanwhile is seen then, too.
fn tombstones(key: TenantKey) -> String {
    let body = dollar_quoted(
        "\nBEGIN\n  \
         IF EXISTS (SELECT FROM tenancy.tombstones AS t WHERE t.tenant_id = NEW.id) THEN\n    \
           RAISE EXCEPTION 'the tenant of this id was erased, and its id is not given again'\n      \
           USING ERRCODE = 'unique_violation', CONSTRAINT = 'tenant_tombstone',\n      \
           HINT = 'Take another id.';\n  \
         END IF;\n  RETURN NULL;\nEND\n",
    );
    format!(
        "-- Tenants that were erased: their ids are not given again, whoever asks.\n\
         CREATE TABLE IF NOT EXISTS tenancy.tombstones (\n  \
           tenant_id {key} PRIMARY KEY,\n  erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),\n  \
           receipt text NOT NULL\n);\n\
         REVOKE ALL ON tenancy.tombstones FROM PUBLIC;\n\
         CREATE OR REPLACE FUNCTION {REFUSE} RETURNS trigger\n\
         LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {REFUSE} FROM PUBLIC;\n\
         CREATE OR REPLACE TRIGGER tombstone AFTER INSERT OR UPDATE OF id ON tenancy.tenants\n  \
         FOR EACH ROW EXECUTE FUNCTION {REFUSE};\n"
    )
}

const REFUSE: &str = "tenancy.refuse_tombstoned()";

pub(super) const TABLES: [&str; 1] = ["tenancy.tombstones"];

pub(super) const FUNCTIONS: [&str; 1] = [REFUSE];

/// On the registry's table, which goes after the functions.
pub(super) const TRIGGERS: [&str; 1] = ["tombstone ON tenancy.tenants"];

/// Nobody but the owner takes a tombstone away.
pub(super) fn grants(layout: &Layout) -> String {
    layout.roles().admin().map_or_else(String::new, |admin| {
        format!("GRANT SELECT, INSERT ON tenancy.tombstones TO {};\n", quoted(admin))
    })
}
