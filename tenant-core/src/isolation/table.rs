//! One table: column, default, index, grants.

use super::{
    down::give_back_row_security,
    hash::name_of,
    ledger::remember,
    policies::walls,
    relations::{regclass, tree},
    roles::{block, block_with},
    template::{names, script},
};
use crate::{Layout, TableName, TenantKey, TenantTable, quote::quoted, quote_literal};

/// The column.
pub(super) fn tenant_column(key: TenantKey, table: &TenantTable) -> String {
    format!("-- {}: a tenant's table.\n", one_line(table.table())) + &column(key, table)
}

/// An index led by the tenant, unless there is one: the unique key behind a foreign key is.
pub(super) fn tenant_index(table: &TenantTable) -> String {
    format!("-- {}: an index led by the tenant.\n", one_line(table.table())) + &index(table)
}

/// Row security, default, grants, owner; `searched` where a search function reads the table.
pub(super) fn tenant_walls(layout: &Layout, table: &TenantTable, searched: bool) -> String {
    format!("-- {}: its walls.\n", one_line(table.table()))
        + &default(table)
        + &format!(
            "DROP FUNCTION IF EXISTS tenancy.{}();\n",
            quoted(&super::backfill::trigger_name(table))
        )
        + &walls(layout, table, searched)
        + &grants(layout, table.table(), true)
}

pub(super) fn shared_up(layout: &Layout, table: &TableName) -> String {
    format!("-- {}: a shared table.\n", one_line(table))
        + &give_back_row_security(table)
        + &grants(layout, table, false)
}

pub(super) fn one_line(name: &TableName) -> String {
    name.to_string().replace(['\n', '\r'], " ")
}

/// What the ledger calls a tenant column.
pub(super) fn entry_of(table: &TenantTable) -> String {
    format!("{}.{}", table.table(), quoted(table.column()))
}

/// The row of `pg_attribute`, as a condition.
fn attribute(table: &TenantTable, alias: &str) -> String {
    format!(
        "{alias}attrelid = {} AND {alias}attname = {} AND NOT {alias}attisdropped",
        regclass(table.table()),
        quote_literal(table.column())
    )
}

/// What cannot be walled, before anything is read from it: a view would run its maker's functions
/// with the installer's rights.
fn refuse(table: &TenantTable) -> String {
    let name = table.table();
    let equal = format!(
        "the tenant column {} of {name} has a collation that takes different texts for equal, and so different \
         tenants: give it a deterministic one",
        table.column()
    );
    block(&format!(
        "IF NOT EXISTS (SELECT FROM pg_class WHERE oid = {} AND relkind IN ('r', 'p')) THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = {};\n  END IF;\n  \
         IF EXISTS (SELECT FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation\n      \
             WHERE {} AND NOT c.collisdeterministic) THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'collation_mismatch', MESSAGE = {};\n  END IF;",
        regclass(name),
        quote_literal(&no_table(&name.to_string())),
        attribute(table, "a."),
        quote_literal(&equal),
    ))
}

/// Said of a declared table that is something else.
pub(super) fn no_table(name: &str) -> String {
    format!(
        "{name} is declared as a tenant's table and is none, but a view or the like: see who made it; declare the \
         tables that it reads, and the view becomes a security_invoker"
    )
}

/// What is remembered of a table before anything is done to it.
pub(super) fn remember_tenant(table: &TenantTable) -> String {
    let missing = index_is_missing(table);
    refuse(table)
        + &remember_column(table)
        + &remember("index", &entry_of(table), &format!("SELECT NULL::text WHERE {missing}"))
}

fn remember_column(table: &TenantTable) -> String {
    let entry = entry_of(table);
    let here = attribute(table, "");
    remember(
        "column",
        &entry,
        &format!("SELECT NULL::text WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE {here})"),
    ) + &remember(
        "default",
        &entry,
        &format!(
            "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d \
             ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum) WHERE {}",
            attribute(table, "a.")
        ),
    ) + &remember(
        "not null",
        &entry,
        &format!("SELECT attnotnull::text FROM pg_attribute WHERE {here}"),
    ) + &format!(
        "INSERT INTO tenancy.ledger (kind, object, before)\n\
         SELECT 'below', format('%s ALTER COLUMN %I', a.attrelid::regclass, a.attname), \
         concat_ws(' ', a.attnotnull, nullif(pg_get_expr(d.adbin, d.adrelid), 'tenancy.current_tenant()'))\n\
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)\n\
         WHERE a.attrelid IN ({}) AND a.attrelid <> {} AND a.attname = {}\n\
         ON CONFLICT (kind, object) DO NOTHING;\n",
        tree(table.table()),
        regclass(table.table()),
        quote_literal(table.column()),
    )
}

/// Adds the column where it is missing; one of another type is refused.
pub(super) fn add_column(key: TenantKey, table: &TenantTable) -> String {
    let name = table.table();
    let wrong = format!(
        "the tenant column {} of {name} must be of type {key}: change its type, or declare the other key in tenancy!",
        table.column()
    );
    let here = attribute(table, "");
    block(&format!(
        "IF NOT EXISTS (SELECT FROM pg_attribute WHERE {here}) THEN\n    \
           ALTER TABLE {name} ADD COLUMN {} {key};\n  END IF;\n  \
         IF NOT EXISTS (SELECT FROM pg_attribute WHERE {here} AND atttypid = '{key}'::regtype) THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = {};\n  END IF;",
        quoted(table.column()),
        quote_literal(&wrong),
    ))
}

fn column(key: TenantKey, table: &TenantTable) -> String {
    let (name, column) = (table.table(), quoted(table.column()));
    let unassigned = format!(
        "{name} has rows that belong to no tenant: say whose they are with Isolation::backfill and \
         run the plan, or ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column} {key}, set it in every \
         row, then run this again"
    );
    add_column(key, table)
        + &block(&format!(
            "-- Where it is NOT NULL already, a policy may hide the rows from this look.\n  \
             IF NOT (SELECT attnotnull FROM pg_attribute WHERE {here}) THEN\n    \
               IF EXISTS (SELECT FROM {name} WHERE {column} IS NULL) THEN\n      \
                 RAISE EXCEPTION USING ERRCODE = 'not_null_violation', MESSAGE = {message};\n    \
               END IF;\n    \
               ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;\n  END IF;",
            here = attribute(table, ""),
            message = quote_literal(&unassigned),
        ))
}

/// The default on the table and on everything below it, where it is another.
fn default(table: &TenantTable) -> String {
    script(
        include_str!("sql/default.sql"),
        &[
            ("tree", &tree(table.table())),
            ("column", &quote_literal(table.column())),
            ("transition", &quote_literal(&super::backfill::trigger_name(table))),
        ],
    )
}

fn index(table: &TenantTable) -> String {
    block(&format!(
        "IF {} THEN\n    CREATE INDEX {} ON {} ({});\n  END IF;",
        index_is_missing(table),
        quoted(&index_name(table)),
        table.table(),
        quoted(table.column())
    ))
}

fn index_is_missing(table: &TenantTable) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
         AND a.attnum = i.indkey[0] WHERE i.indrelid = {} AND a.attname = {} \
         AND i.indisvalid AND i.indpred IS NULL)",
        regclass(table.table()),
        quote_literal(table.column()),
    )
}

pub(super) fn index_name(table: &TenantTable) -> String {
    name_of(&format!("{}_{}", table.table().name(), table.column()), "_tenancy_idx")
}

/// Who may do what with the table and the sequences behind its columns. Nobody of ours may
/// TRUNCATE, which no policy sees, REFERENCE, MAINTAIN or hang triggers on it.
fn grants(layout: &Layout, name: &TableName, of_tenants: bool) -> String {
    let roles = layout.roles();
    let writers: Vec<&str> = [roles.admin()]
        .into_iter()
        .flatten()
        .chain([if of_tenants {
            roles.tenant().unwrap_or(roles.login())
        } else {
            roles.shared().unwrap_or(roles.login())
        }])
        .collect();
    let readers = [roles.analytics(), roles.staff(), roles.tenant().filter(|_| !of_tenants)];
    let mut sql = script(
        include_str!("sql/grants.sql"),
        &[
            ("table", &quote_literal(&name.to_string())),
            ("ours", &names(roles.all().into_iter().filter(|role| Some(*role) != roles.owner()))),
            ("writers", &names(writers)),
            ("readers", &names(readers.into_iter().flatten())),
        ],
    );
    if let Some(owner) = roles.owner() {
        let oid = regclass(name);
        sql.push_str(&remember(
            "owner",
            &name.to_string(),
            &format!("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = {oid}"),
        ));
        sql.push_str(&block(&format!(
            "IF (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = {oid}) <> {} THEN\n    \
               ALTER TABLE {name} OWNER TO {};\n  END IF;",
            quote_literal(owner),
            quoted(owner)
        )));
        if of_tenants {
            sql.push_str(&own_parts(owner, name));
        }
    }
    sql
}

/// What is below a table does not change its owner with it, and who makes a trigger on the table must own
/// all of it.
fn own_parts(owner: &str, name: &TableName) -> String {
    let others = format!(
        "SELECT t.relid FROM ({}) AS t (relid) JOIN pg_class c ON c.oid = t.relid \
         WHERE t.relid <> {} AND pg_get_userbyid(c.relowner) <> {}",
        tree(name),
        regclass(name),
        quote_literal(owner)
    );
    block_with(
        "part regclass;",
        &format!(
            "FOR part IN {others} LOOP\n    \
               INSERT INTO tenancy.ledger (kind, object, before)\n    \
               SELECT 'owner', part::text, pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = part\n    \
               ON CONFLICT (kind, object) DO NOTHING;\n    \
               EXECUTE format('ALTER TABLE %s OWNER TO %I', part, {});\n  END LOOP;",
            quote_literal(owner)
        ),
    )
}
