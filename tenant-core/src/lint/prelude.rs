//! The tables that every rule's query builds on: one tenancy and layout as literals, then what the
//! catalogue says of them.

use crate::{
    Claim, Layout, Leakproof, TableName, Tenancy, TenantSource, TenantTable, citus, quote_literal,
};

/// What follows the literals.
const CATALOGUE: &str = include_str!("prelude.sql");

/// The texts of our functions, read.
const WORDS: &str = include_str!("words.sql");

/// `WITH RECURSIVE …`, to be followed by a query. The server's version is asked, unless one is given.
pub(super) fn prelude(
    tenancy: &Tenancy,
    layout: &Layout,
    server: Option<u32>,
    padding: usize,
) -> String {
    let is_citus = layout.is_citus();
    // What a policy compares the tenant column with; Citus takes no sub-select there.
    let asks =
        if is_citus { "tenancy.current_tenant()" } else { "(SELECT tenancy.current_tenant())" };
    let sealed = layout.binding_kind().is_sealed();
    let asked = match layout.source() {
        TenantSource::Claim(Claim::Setting(name)) => name,
        _ => layout.setting_name(),
    };
    let version = server.map_or_else(
        || "current_setting('server_version_num')::integer".to_owned(),
        |version| version.to_string(),
    );
    format!(
        "WITH RECURSIVE\n\
         server (version, label) AS MATERIALIZED (SELECT v, CASE WHEN v >= 100000 \
           THEN format('%s.%s', v / 10000, v % 10000) \
           ELSE format('%s.%s.%s', v / 10000, v / 100 % 100, v % 100) END FROM (SELECT {version}) s (v)),\n\
         layout (setting, key, sealed, padding, citus, asks) AS MATERIALIZED (\
           SELECT {}::text, {}::regtype, {sealed}, {padding}, {is_citus}, '{asks}'),\n\
         declared (schema, name, col, kind) AS MATERIALIZED ({}),\n\
         our_name (kind, name) AS MATERIALIZED ({}),\n\
         app_schema_name (name) AS MATERIALIZED ({}),\n\
         operator_function (signature, mark) AS MATERIALIZED ({}),\n\
         citus (version) AS MATERIALIZED (SELECT e.extversion FROM pg_extension e, layout l \
           WHERE e.extname = 'citus' AND l.citus),\n\
         citus_table (relid, method, attnum, colocation, replication) AS MATERIALIZED ({}),\n\
         citus_object (classid, objid) AS MATERIALIZED ({}),\n\
         citus_command (oid) AS MATERIALIZED (SELECT d.objid FROM pg_depend d \
           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'citus' \
           JOIN pg_proc p ON p.oid = d.objid AND p.proname ~ {} \
           WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass \
             AND d.deptype = 'e'),\n\
         shared_schema_name (name) AS MATERIALIZED ({}),\n\
         {WORDS}{CATALOGUE}",
        quote_literal(asked),
        quote_literal(tenancy.key().sql_type()),
        declared(tenancy),
        our_names(layout),
        schemas(tenancy, layout),
        operator_functions(),
        citus::tables(),
        citus::objects(),
        quote_literal(citus::COMMANDS),
        values(
            &["name"],
            layout.shared_schema_name().into_iter().map(|name| vec![Some(name.to_owned())])
        ),
    )
}

/// `VALUES` of these rows, or as many columns without any.
fn values(types: &[&str], rows: impl Iterator<Item = Vec<Option<String>>>) -> String {
    let none: Vec<String> = types.iter().map(|kind| format!("NULL::{kind}")).collect();
    let mut sql = format!("SELECT {} WHERE false", none.join(", "));
    for (at, row) in rows.enumerate() {
        sql.push_str(if at == 0 { "\n  UNION ALL VALUES (" } else { ",\n    (" });
        let cells: Vec<String> = row
            .iter()
            .zip(types)
            .map(|(cell, kind)| match cell {
                Some(cell) => format!("{}::{kind}", quote_literal(cell)),
                None => format!("NULL::{kind}"),
            })
            .collect();
        sql.push_str(&cells.join(", "));
        sql.push(')');
    }
    sql
}

fn declared(tenancy: &Tenancy) -> String {
    let tenant = tenancy.tenant_tables().iter().map(|table| {
        let name = table.table();
        vec![
            name.schema().map(str::to_owned),
            Some(name.name().to_owned()),
            Some(table.column().to_owned()),
            Some("tenant".to_owned()),
        ]
    });
    let shared = tenancy.shared_tables().iter().map(|name| {
        let schema = name.schema().map(str::to_owned);
        vec![schema, Some(name.name().to_owned()), None, Some("shared".to_owned())]
    });
    values(&["name", "name", "name", "text"], tenant.chain(shared))
}

fn our_names(layout: &Layout) -> String {
    let roles = layout.roles();
    let named = if roles.is_single() {
        vec![("single", Some(roles.login()))]
    } else {
        vec![
            ("login", Some(roles.login())),
            ("tenant", roles.tenant()),
            ("shared", roles.shared()),
            ("registry", Some(roles.registry())),
            ("admin", roles.admin()),
            ("owner", roles.owner()),
            ("analytics", roles.analytics()),
            ("staff", roles.staff()),
            ("search", roles.search()),
        ]
    };
    let rows = named.into_iter().filter_map(|(kind, name)| {
        name.map(|name| vec![Some(kind.to_owned()), Some(name.to_owned())])
    });
    values(&["text", "name"], rows)
}

fn schemas(tenancy: &Tenancy, layout: &Layout) -> String {
    let of_tables = tenancy.tenant_tables().iter().map(TenantTable::table);
    let mut names: Vec<&str> = of_tables
        .chain(tenancy.shared_tables())
        .filter_map(TableName::schema)
        .chain(layout.schema_names().iter().map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    values(&["name"], names.into_iter().map(|name| vec![Some(name.to_owned())]))
}

/// What is said of PostgreSQL's functions behind operators.
fn operator_functions() -> String {
    let rows = Leakproof::functions()
        .iter()
        .map(|f| vec![Some(f.function.to_owned()), f.mark_name().map(str::to_owned)]);
    values(&["text", "text"], rows)
}
