//! What the registry keeps of a tenant's life, and the tombstones that keep an erased one's id from
//! being given again.

use super::roles::block;
use crate::{Layout, Placement, TenantKey, quote::dollar_quoted, quote::quoted};

pub(super) fn up(key: TenantKey) -> String {
    columns() + &placements() + &tombstones(key)
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

/// The names of constraints on where tenants are placed, for whoever reads an error.
pub(crate) const NO_DATABASE: &str = "tenants_database_fkey";
pub(crate) const OTHER_REGION: &str = "tenants_region_fkey";
pub(crate) const SCHEMA_TAKEN: &str = "tenants_schema_key";
pub(crate) const DATABASE_TAKEN: &str = "tenants_silo_key";

/// A tenant without a region may live anywhere; one with a region in databases of that region, which
/// is what a foreign key over both columns says.
fn placements() -> String {
    let constraint = |table: &str, name: &str, definition: &str| {
        format!(
            "IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname = '{name}') THEN\n    \
               ALTER TABLE {table} ADD CONSTRAINT {name} {definition};\n  END IF;"
        )
    };
    let tenants = "tenancy.tenants";
    let constraints = [
        constraint("tenancy.databases", "databases_region_key", "UNIQUE (name, region)"),
        constraint(
            tenants,
            "tenants_placement_check",
            "CHECK (placement IN ('shared', 'schema', 'database'))",
        ),
        constraint(
            tenants,
            "tenants_schema_check",
            "CHECK ((placement = 'schema') = (schema IS NOT NULL))",
        ),
        constraint(
            tenants,
            NO_DATABASE,
            "FOREIGN KEY (database) REFERENCES tenancy.databases (name)",
        ),
        constraint(
            tenants,
            OTHER_REGION,
            "FOREIGN KEY (database, region) REFERENCES tenancy.databases (name, region)",
        ),
        constraint(tenants, SCHEMA_TAKEN, "UNIQUE (database, schema)"),
        constraint(
            tenants,
            DATABASE_TAKEN,
            "EXCLUDE USING btree (database WITH =) WHERE (placement = 'database')",
        ),
    ];
    format!(
        "-- Where tenants live. The addresses of databases, and their passwords, are not here.\n\
         CREATE TABLE IF NOT EXISTS tenancy.databases (\n  \
           name text PRIMARY KEY CHECK (name <> ''),\n  region text\n);\n\
         REVOKE ALL ON tenancy.databases FROM PUBLIC;\n\
         INSERT INTO tenancy.databases (name) VALUES ('{main}') ON CONFLICT DO NOTHING;\n\
         ALTER TABLE tenancy.tenants\n  \
           ADD COLUMN IF NOT EXISTS placement text NOT NULL DEFAULT 'shared',\n  \
           ADD COLUMN IF NOT EXISTS database text NOT NULL DEFAULT '{main}',\n  \
           ADD COLUMN IF NOT EXISTS schema text,\n  \
           ADD COLUMN IF NOT EXISTS region text;\n{}",
        block(&constraints.join("\n  ")),
        main = Placement::MAIN,
    )
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

pub(super) const TABLES: [&str; 2] = ["tenancy.tombstones", "tenancy.databases"];

pub(super) const FUNCTIONS: [&str; 1] = [REFUSE];

/// Nobody but the owner takes a tombstone away.
pub(super) fn grants(layout: &Layout) -> String {
    layout.roles().admin().map(quoted).map_or_else(String::new, |admin| {
        format!(
            "GRANT SELECT, INSERT ON tenancy.tombstones TO {admin};\n\
             GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy.databases TO {admin};\n"
        )
    })
}
