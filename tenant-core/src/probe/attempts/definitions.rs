//! Changing the definitions that the walls are made of, and making new ones that shadow them.

use super::{
    super::{kind::Kind, live::Actor},
    on_database, on_table,
};

const WALL: &str = "A tenant takes down the wall around its rows, and everybody's.";
const MAKE: &str = "What a tenant makes runs, or is read, in the next tenant's transaction.";

pub(super) const KINDS: &[Kind] = &[
    on_table(
        "ATK124",
        "disable_row_security",
        "`ALTER TABLE … DISABLE ROW LEVEL SECURITY`",
        WALL,
        |t| t.owners_only("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
    ),
    on_table(
        "ATK125",
        "no_force_row_security",
        "`ALTER TABLE … NO FORCE ROW LEVEL SECURITY`",
        WALL,
        |t| t.owners_only("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"),
    ),
    on_table("ATK126", "create_policy", "a second, permissive policy", WALL, |t| {
        t.owners_only("CREATE POLICY tenancy_probe ON {table} USING (true)")
    }),
    on_table("ATK127", "alter_policy", "changing a policy", WALL, |t| {
        t.owners_only("ALTER POLICY {policy} ON {table} USING (true)")
    }),
    on_table("ATK128", "drop_policy", "dropping a policy", WALL, |t| {
        t.owners_only("DROP POLICY {policy} ON {table}")
    }),
    on_table("ATK129", "alter_owner", "`ALTER TABLE … OWNER TO`", WALL, |t| {
        t.owners_only("ALTER TABLE {table} OWNER TO {tenant_role}")
    }),
    on_table("ATK130", "disable_triggers", "`ALTER TABLE … DISABLE TRIGGER ALL`", WALL, |t| {
        t.owners_only("ALTER TABLE {table} DISABLE TRIGGER ALL")
    }),
    on_table("ATK131", "alter_default", "another default for the tenant column", WALL, |t| {
        t.owners_only("ALTER TABLE {table} ALTER COLUMN {tc} DROP DEFAULT")
    }),
    on_table(
        "ATK132",
        "ownership",
        "owning the table, and with it rules and triggers; judged from the catalogue: a rule would lock",
        WALL,
        |t| {
            t.catalogue(
                "SELECT count(*), pg_catalog.string_agg(r || ' has the rights of the owner', ', ') \
             FROM unnest(ARRAY[{our_roles}]::name[]) r, pg_catalog.pg_class c \
             WHERE c.oid = {oid} AND pg_catalog.pg_has_role(r, c.relowner, 'MEMBER')",
            )
        },
    ),
    on_table(
        "ATK133",
        "create_index",
        "an index over an expression, which runs with the owner's rights",
        WALL,
        |t| t.owners_only("CREATE INDEX tenancy_probe ON {table} ({tc})"),
    ),
    on_table("ATK134", "drop_table", "dropping the table", WALL, |t| {
        t.owners_only("DROP TABLE {table}")
    }),
    on_table(
        "ATK135",
        "inherit",
        "a table of the attacker's that inherits from the table",
        WALL,
        |t| t.owners_only("CREATE TABLE {schema}.tenancy_probe () INHERITS ({table})"),
    ),
    on_database(
        "ATK136",
        "temporary_table",
        "a temporary table, which shadows a real one",
        MAKE,
        |p| p.refused(Actor::A, "CREATE TEMPORARY TABLE tenancy_probe (n int)"),
    )
    .mend("REVOKE TEMPORARY ON {object} FROM PUBLIC, {login}, {tenant_role};"),
    on_database("ATK137", "temporary_function", "a function in `pg_temp`", MAKE, |p| {
        p.refused(
            Actor::A,
            "CREATE FUNCTION pg_temp.tenancy_probe() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        )
    }),
    on_database("ATK138", "create_table", "a table in a schema of the `search_path`", MAKE, |p| {
        p.refused(Actor::A, "CREATE TABLE {schema}.tenancy_probe (n int)")
    })
    .mend("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {login}, {tenant_role};"),
    on_database("ATK139", "create_view", "a view, which others read", MAKE, |p| {
        p.refused(Actor::A, "CREATE VIEW {schema}.tenancy_probe AS SELECT 1 AS n")
    }),
    on_database(
        "ATK140",
        "create_function",
        "a function: cheap ones run before a policy's filter, definers with their maker's rights",
        MAKE,
        |p| {
            p.refused(Actor::A, "CREATE FUNCTION {schema}.tenancy_probe(int) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RETURN true; END'")
        },
    ),
    on_database(
        "ATK141",
        "create_operator",
        "an operator in a schema of the `search_path`",
        MAKE,
        |p| {
            p.refused(
                Actor::A,
                "CREATE OPERATOR {schema}.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
            )
        },
    ),
    on_database("ATK142", "create_type", "a type in a schema of the `search_path`", MAKE, |p| {
        p.refused(Actor::A, "CREATE TYPE {schema}.tenancy_probe AS ENUM ()")
    }),
    on_database("ATK143", "create_schema", "a schema", MAKE, |p| {
        p.refused(Actor::A, "CREATE SCHEMA tenancy_probe")
    }),
    on_database("ATK144", "shared_creates", "a table, made by the shared role", MAKE, |p| {
        p.refused(Actor::Shared, "CREATE TABLE {schema}.tenancy_probe (n int)")
    }),
    on_database("ATK145", "login_creates", "a table, made by the login", MAKE, |p| {
        p.refused(Actor::Login, "CREATE TABLE {schema}.tenancy_probe (n int)")
    }),
    on_database(
        "ATK146",
        "login_temporary_table",
        "a temporary table, made by the login",
        MAKE,
        |p| p.refused(Actor::Login, "CREATE TEMPORARY TABLE tenancy_probe (n int)"),
    ),
    on_database(
        "ATK147",
        "replace_current_tenant",
        "another `tenancy.current_tenant()`",
        WALL,
        |p| {
            p.refused(Actor::A, "ALTER FUNCTION tenancy.current_tenant() SET search_path = pg_temp")
        },
    ),
    on_database("ATK148", "create_in_tenancy", "a table in the schema `tenancy`", WALL, |p| {
        p.refused(Actor::A, "CREATE TABLE tenancy.tenancy_probe (n int)")
    }),
    on_database(
        "ATK150",
        "create_publication",
        "a publication of all tables",
        "It streams every tenant's rows.",
        |p| p.refused_to_all("CREATE PUBLICATION tenancy_probe FOR ALL TABLES"),
    ),
];
