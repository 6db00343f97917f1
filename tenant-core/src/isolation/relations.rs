//! Pieces of SQL that say which relations are meant.

use crate::{TableName, TenantTable, quote_literal};

/// A policy `p` as PostgreSQL reads it back.
pub(super) const POLICY_TEXT: &str = "concat_ws(' ', CASE WHEN p.polpermissive THEN 'PERMISSIVE' \
    ELSE 'RESTRICTIVE' END, p.polcmd, (SELECT string_agg(coalesce(r.rolname, 'public'), ', ' \
    ORDER BY r.rolname) FROM unnest(p.polroles) AS u LEFT JOIN pg_roles r ON r.oid = u), \
    'USING ' || pg_get_expr(p.polqual, p.polrelid), \
    'WITH CHECK ' || pg_get_expr(p.polwithcheck, p.polrelid))";

/// The table's oid, for the catalogue.
pub(super) fn regclass(table: &TableName) -> String {
    format!("{}::regclass", quote_literal(&table.to_string()))
}

/// The table and everything below it: partitions, their partitions, children of inheritance.
pub(super) fn tree(table: &TableName) -> String {
    format!(
        "WITH RECURSIVE tree (relid) AS (SELECT {}::oid UNION SELECT i.inhrelid FROM pg_inherits i \
         JOIN tree ON i.inhparent = tree.relid) SELECT c.oid::regclass FROM tree \
         JOIN pg_class c ON c.oid = tree.relid AND c.relkind IN ('r', 'p') \
         ORDER BY c.oid::regclass::text",
        regclass(table)
    )
}

/// The declared tenant tables as a query with the columns `relid` and `col`.
pub(super) fn tenant_tables(tables: &[TenantTable]) -> String {
    rows(tables.iter().map(|t| (t.table(), t.column())))
}

/// The declared shared tables, likewise.
pub(super) fn shared_tables(tables: &[TableName]) -> String {
    rows(tables.iter().map(|table| (table, "")))
}

fn rows<'a>(rows: impl Iterator<Item = (&'a TableName, &'a str)>) -> String {
    let rows: Vec<String> = rows
        .map(|(table, column)| {
            format!("({}::oid, {}::name)", regclass(table), quote_literal(column))
        })
        .collect();
    if rows.is_empty() {
        return "SELECT NULL::oid, NULL::name WHERE false".to_owned();
    }
    format!("VALUES {}", rows.join(", "))
}
