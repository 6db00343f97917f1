//! Quotas: what a tenant may have or do, and how much of it there is, counted where no code path
//! goes round.

use super::{
    moves::{UNCOUNTED, is_mover},
    own_schema,
    relations::regclass,
    roles::{block, block_with},
    table::one_line,
};
use crate::{
    Layout, Quota, TenantKey, TenantTable,
    quote::{dollar_quoted, quoted},
    quote_literal,
};

pub(super) const TABLES: [&str; 2] = ["tenancy.quotas", "tenancy.usage"];

const QUOTA: &str = "tenancy.quota(text)";
const USE: &str = "tenancy.use_quota(text, bigint)";
const COUNT: &str = "tenancy.count_rows()";

/// Two take the tenant, and so the type of its key.
pub(super) fn functions(key: TenantKey) -> [String; 5] {
    [
        QUOTA.to_owned(),
        USE.to_owned(),
        COUNT.to_owned(),
        format!("tenancy.add_usage({key}, text, bigint)"),
        format!("tenancy.quota_of({key}, text)"),
    ]
}

pub(super) fn up(key: TenantKey) -> String {
    tables(key) + &quota_of(key) + &add_usage(key) + &count_rows() + &for_tenants()
}

fn tables(key: TenantKey) -> String {
    format!(
        "-- What a tenant may have or do: of all tenants, those on a plan, or one.\n\
         CREATE TABLE IF NOT EXISTS tenancy.quotas (\n  \
           name text NOT NULL CHECK (name <> ''),\n  plan text,\n  tenant_id {key},\n  \
           max bigint NOT NULL CHECK (max >= 0),\n  \
           per text NOT NULL DEFAULT 'ever' CHECK (per IN ('ever', 'hour', 'day', 'month')),\n  \
           CHECK (plan IS NULL OR tenant_id IS NULL),\n  \
           UNIQUE NULLS NOT DISTINCT (name, plan, tenant_id)\n);\n\
         -- And how much of it there is.\n\
         CREATE TABLE IF NOT EXISTS tenancy.usage (\n  \
           tenant_id {key} NOT NULL,\n  name text NOT NULL,\n  since timestamptz NOT NULL,\n  \
           used bigint NOT NULL CHECK (used >= 0),\n  PRIMARY KEY (tenant_id, name, since)\n);\n\
         REVOKE ALL ON tenancy.quotas, tenancy.usage FROM PUBLIC;\n"
    )
}

/// The tenant's own comes before its plan's, and that before everybody's.
fn quota_of(key: TenantKey) -> String {
    let body = dollar_quoted(
        "\n  SELECT q.max, q.per, CASE q.per WHEN 'ever' THEN '-infinity' \
         ELSE date_trunc(q.per, now(), 'UTC') END\n  \
         FROM (SELECT 1) AS one\n  \
         LEFT JOIN tenancy.tenants AS t ON t.id = tenant\n  \
         JOIN tenancy.quotas AS q ON q.name = quota_of.name\n    \
         AND coalesce(q.tenant_id = tenant, true) AND coalesce(q.plan = t.plan, q.plan IS NULL)\n  \
         ORDER BY q.tenant_id NULLS LAST, q.plan NULLS LAST LIMIT 1\n",
    );
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.quota_of(\n  \
           tenant {key}, name text, OUT max bigint, OUT per text, OUT since timestamptz)\n\
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.quota_of({key}, text) FROM PUBLIC;\n"
    )
}

/// Its row of `usage` is locked until the transaction ends, so the next writer counts on from what
/// this one leaves.
fn add_usage(key: TenantKey) -> String {
    let body = dollar_quoted(
        "\nDECLARE\n  quota record;\n  now_used bigint;\nBEGIN\n  \
         SELECT * INTO quota FROM tenancy.quota_of(tenant, add_usage.name);\n  \
         IF n < 0 THEN\n    \
           UPDATE tenancy.usage AS u SET used = greatest(u.used + n, 0) WHERE u.tenant_id = tenant\n      \
           AND u.name = add_usage.name AND u.since = coalesce(quota.since, '-infinity');\n    \
           RETURN;\n  END IF;\n  \
         INSERT INTO tenancy.usage AS u (tenant_id, name, since, used)\n  \
         VALUES (tenant, add_usage.name, coalesce(quota.since, '-infinity'), n)\n  \
         ON CONFLICT ON CONSTRAINT usage_pkey DO UPDATE SET used = u.used + n\n  \
         RETURNING u.used INTO now_used;\n  \
         IF now_used > quota.max THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'configuration_limit_exceeded', CONSTRAINT = 'tenant_quota',\n      \
           MESSAGE = format('the quota \"%s\" is used up: %s of %s', add_usage.name, now_used - n, quota.max),\n      \
           DETAIL = format('quota %s, used %s, asked for %s, max %s, per %s', add_usage.name, now_used - n, n, \
         quota.max, quota.per),\n      \
           HINT = 'Delete something, wait for the next period, or raise it: Quotas::set.';\n  \
         END IF;\nEND\n",
    );
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.add_usage(tenant {key}, name text, n bigint) RETURNS void\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION tenancy.add_usage({key}, text, bigint) FROM PUBLIC;\n"
    )
}

/// In the order of the tenants, so that two statements over several do not wait for each other.
fn count_rows() -> String {
    let body = dollar_quoted(&format!(
        "\nDECLARE\n  each record;\nBEGIN\n  \
         -- Rows on their way from one table to another are no more than before.\n  \
         IF {} THEN\n    RETURN NULL;\n  END IF;\n  \
         IF TG_OP = 'TRUNCATE' THEN\n    \
           DELETE FROM tenancy.usage AS u WHERE u.name = TG_ARGV[0];\n    RETURN NULL;\n  END IF;\n  \
         FOR each IN EXECUTE format('SELECT %I AS tenant, count(*) AS n FROM changed \
         WHERE %1$I IS NOT NULL GROUP BY 1 ORDER BY 1', TG_ARGV[1]) LOOP\n    \
           PERFORM tenancy.add_usage(each.tenant, TG_ARGV[0], CASE TG_OP WHEN 'INSERT' THEN each.n ELSE -each.n END);\n  \
         END LOOP;\n  RETURN NULL;\nEND\n",
        is_mover(&format!("= '{UNCOUNTED}'"))
    ));
    format!(
        "CREATE OR REPLACE FUNCTION {COUNT} RETURNS trigger\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {COUNT} FROM PUBLIC;\n"
    )
}

/// What a tenant's transaction calls, for its own tenant.
fn for_tenants() -> String {
    let uses = dollar_quoted(
        "\nBEGIN\n  IF n < 1 OR starts_with(name, 'rows of ') THEN\n    \
         RAISE EXCEPTION 'a counter is used by at least 1, and rows are counted by themselves'\n    \
         USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  \
         -- What nobody limits is not written down: else any name would be a row.\n  \
         IF EXISTS (SELECT FROM tenancy.quotas AS q WHERE q.name = use_quota.name) THEN\n    \
           PERFORM tenancy.add_usage(tenancy.current_tenant(), name, n);\n  END IF;\nEND\n",
    );
    let quota = dollar_quoted(
        "\n  SELECT coalesce(u.used, 0), q.max, \
         CASE WHEN q.per <> 'ever' THEN q.since + ('1 ' || q.per)::interval END\n  \
         FROM (SELECT tenancy.current_tenant() AS id) AS t\n  \
         CROSS JOIN LATERAL tenancy.quota_of(t.id, quota.name) AS q\n  \
         LEFT JOIN tenancy.usage AS u ON u.tenant_id = t.id AND u.name = quota.name \
         AND u.since = coalesce(q.since, '-infinity')\n",
    );
    format!(
        "CREATE OR REPLACE FUNCTION tenancy.use_quota(name text, n bigint) RETURNS void\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {uses};\n\
         REVOKE ALL ON FUNCTION {USE} FROM PUBLIC;\n\
         CREATE OR REPLACE FUNCTION tenancy.quota(\n  \
           name text, OUT used bigint, OUT max bigint, OUT resets timestamptz)\n\
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {quota};\n\
         REVOKE ALL ON FUNCTION {QUOTA} FROM PUBLIC;\n"
    )
}

pub(super) fn grants(layout: &Layout, key: TenantKey) -> String {
    let roles = layout.roles();
    let tenant = quoted(roles.tenant().unwrap_or(roles.login()));
    let mut sql = format!("GRANT EXECUTE ON FUNCTION {QUOTA}, {USE} TO {tenant};\n");
    if let Some(admin) = roles.admin() {
        sql.push_str(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy.quotas, tenancy.usage TO {admin};\n\
             GRANT EXECUTE ON FUNCTION tenancy.quota_of({key}, text) TO {admin};\n",
            admin = quoted(admin)
        ));
    }
    sql
}

/// Triggers that count a table's rows, and the count of those that are there.
pub(super) fn rows_of(table: &TenantTable) -> String {
    let (name, relation) = (table.table(), regclass(table.table()));
    let quota = Quota::rows(name);
    let arguments = format!("{}, {}", quote_literal(quota.name()), quote_literal(table.column()));
    let calls = format!("FOR EACH STATEMENT EXECUTE FUNCTION tenancy.count_rows({arguments})");
    let body = format!(
        "IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = {relation} AND tgfoid = '{COUNT}'::regprocedure) THEN\n    \
           RETURN;\n  END IF;\n  \
         -- Nobody writes between the count and the triggers.\n  \
         LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE;\n  \
         CREATE TRIGGER tenancy_rows_insert AFTER INSERT ON {name}\n    \
           REFERENCING NEW TABLE AS changed {calls};\n  \
         CREATE TRIGGER tenancy_rows_delete AFTER DELETE ON {name}\n    \
           REFERENCING OLD TABLE AS changed {calls};\n  \
         CREATE TRIGGER tenancy_rows_truncate AFTER TRUNCATE ON {name} {calls};\n  \
         {}",
        recount(table)
    );
    format!("-- {}: its rows are counted.\n", one_line(name)) + &block(&body)
}

/// The same for a table in a tenant's own schema: its rows count as the shared table's do. One that is
/// emptied by `TRUNCATE` is not seen, since that would count for all tenants.
pub(super) fn rows_of_own(table: &TenantTable, quota: &Quota) -> String {
    let (name, relation) = (table.table(), regclass(table.table()));
    let (column, quota) = (quoted(table.column()), quote_literal(quota.name()));
    let arguments = format!("{quota}, {}", quote_literal(table.column()));
    let calls = format!("FOR EACH STATEMENT EXECUTE FUNCTION tenancy.count_rows({arguments})");
    block(&format!(
        "IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = {relation} AND tgfoid = '{COUNT}'::regprocedure) THEN\n    \
           RETURN;\n  END IF;\n  \
         LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE;\n  \
         CREATE TRIGGER tenancy_rows_insert AFTER INSERT ON {name}\n    \
           REFERENCING NEW TABLE AS changed {calls};\n  \
         CREATE TRIGGER tenancy_rows_delete AFTER DELETE ON {name}\n    \
           REFERENCING OLD TABLE AS changed {calls};\n  \
         INSERT INTO tenancy.usage AS u (tenant_id, name, since, used)\n  \
         SELECT {column}, {quota}, '-infinity', count(*) FROM {name} WHERE {column} IS NOT NULL GROUP BY 1\n  \
         ON CONFLICT ON CONSTRAINT usage_pkey DO UPDATE SET used = u.used + excluded.used;"
    ))
}

/// Takes the triggers from this table.
pub(super) fn rows_of_none(table: &TenantTable) -> String {
    drop_triggers(&format!("tgrelid = {}", regclass(table.table())))
}

/// Takes the triggers from all tables but these.
pub(super) fn rows_of_no_other(tables: &[TenantTable]) -> String {
    let counted: Vec<String> = tables.iter().map(|table| regclass(table.table())).collect();
    let counted = counted.join(", ");
    drop_triggers(&format!(
        "tgrelid <> ALL (ARRAY[{counted}]::regclass[]) AND NOT {}",
        own_schema::is_own("tgrelid")
    ))
}

fn drop_triggers(of: &str) -> String {
    block_with(
        "t record;",
        &format!(
            "FOR t IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger\n    \
               WHERE tgfoid = to_regprocedure('{COUNT}') AND {of} LOOP\n    \
               EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);\n  END LOOP;"
        ),
    )
}

/// Counts anew what is there, while nobody writes.
pub(crate) fn recount(table: &TenantTable) -> String {
    let (name, column) = (table.table(), quoted(table.column()));
    let quota = Quota::rows(name);
    let quota = quote_literal(quota.name());
    format!(
        "DELETE FROM tenancy.usage WHERE name = {quota};\n    \
         INSERT INTO tenancy.usage (tenant_id, name, since, used)\n    \
         SELECT {column}, {quota}, '-infinity', count(*) FROM {name} WHERE {column} IS NOT NULL GROUP BY 1;"
    )
}
