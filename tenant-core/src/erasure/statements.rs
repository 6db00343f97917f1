//! The statements that delete.

use crate::{
    TenantId,
    catalogue::{CatalogueTable, ForeignKey},
    quote::{dollar_quoted, quoted},
    quote_literal,
};

/// The setting in which a block says how many rows it has deleted.
const ROWS: &str = "tenancy.rows";

pub(super) const ASK_ROWS: &str = "SELECT current_setting('tenancy.rows') AS text";

/// The id as a value in SQL.
pub(super) fn literal(id: &TenantId) -> String {
    format!("{}::{}", quote_literal(&id.to_string()), id.key())
}

/// How many rows are the tenant's.
pub(super) fn count(label: &str, column: &str, id: &str) -> String {
    format!("SELECT count(*)::text AS text FROM {label} AS t WHERE t.{column} = {id}")
}

/// A statement in a block, which says in a setting how many rows it was: a session gives rows, not
/// counts, and must not be given a million of them.
fn told(statement: &str, tell: &str) -> String {
    let body = format!(
        "\nDECLARE\n  told text;\n  n bigint;\nBEGIN\n  {statement};\n  {tell}\n  \
         PERFORM pg_catalog.set_config('{ROWS}', told, true);\nEND\n"
    );
    format!("DO {}", dollar_quoted(&body))
}

/// One statement that deletes all rows of these tables. Foreign keys are checked at its end, when
/// the rows on both sides are gone, so a cycle does not stop it, also one of RESTRICT.
/// What it tells is a list, in the tables' order.
pub(crate) fn delete_whole(tables: &[&CatalogueTable], id: &str) -> String {
    let delete = |table: &CatalogueTable| {
        format!("DELETE FROM {} AS t WHERE t.{} = {id}", table.label(), table.column())
    };
    if let [table] = tables {
        return told(&delete(table), "GET DIAGNOSTICS n = ROW_COUNT; told := n;");
    }
    let deletes = tables.iter().enumerate();
    let deletes: Vec<String> =
        deletes.map(|(at, table)| format!("d{at} AS ({} RETURNING 1)", delete(table))).collect();
    let counts: Vec<String> =
        (0..tables.len()).map(|at| format!("(SELECT count(*) FROM d{at})")).collect();
    let all = format!(
        "WITH {} SELECT pg_catalog.concat_ws(',', {}) INTO told",
        deletes.join(", "),
        counts.join(", ")
    );
    told(&all, "")
}

/// A step of an erasure in chunks, to be repeated until it finds no more rows.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) sql: String,
    pub(super) label: String,
    /// It opens a cycle, by setting the columns of a foreign key NULL.
    pub(super) opens: bool,
}

/// The steps for the tables of one group. `None` where they can only be deleted together.
pub(super) fn steps(
    tables: &[&CatalogueTable],
    keys: &[ForeignKey],
    id: &str,
    rows: u32,
) -> Option<Vec<Step>> {
    // The same place in another partition is another row, which is as well one of the tenant's.
    let some = |table: &CatalogueTable, more: &str| {
        let (label, column) = (table.label(), table.column());
        format!(
            "t.{column} = {id}{more} AND t.ctid = ANY (ARRAY(SELECT t.ctid FROM {label} AS t \
             WHERE t.{column} = {id}{more} LIMIT {rows}))"
        )
    };
    let step = |table: &CatalogueTable, statement: &str, opens| Step {
        sql: told(statement, "GET DIAGNOSTICS n = ROW_COUNT; told := n;"),
        label: table.label(),
        opens,
    };
    let mut steps = Vec::new();
    for table in tables {
        if table.relkind == "f" {
            return None;
        }
        let mine = keys.iter().filter(|key| key.cyclic && key.child == Some(table.oid));
        // What cascades or is set NULL by the database needs nothing.
        for key in mine.filter(|key| !["c", "n"].contains(&&*key.on_delete)) {
            let free = table.columns.iter().find(|column| {
                key.columns.contains(&column.name)
                    && !column.not_null
                    && !column.generated
                    && column.name != table.tenant_column
            });
            let column = quoted(&free.filter(|_| !key.match_full)?.name);
            let some = some(table, &format!(" AND t.{column} IS NOT NULL"));
            let update = format!("UPDATE {} AS t SET {column} = NULL WHERE {some}", table.label());
            steps.push(step(table, &update, true));
        }
    }
    for table in tables {
        let delete = format!("DELETE FROM {} AS t WHERE {}", table.label(), some(table, ""));
        steps.push(step(table, &delete, false));
    }
    Some(steps)
}
