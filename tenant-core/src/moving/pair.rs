//! A table of the source and the same one of the target.

use super::MoveError;
use crate::{
    ExportFormat, ExportedTable, TenantId,
    export::{
        differences::Differences,
        insert::{recordset, same_key},
        tables::{Column, Table, Tables, json_values, literal},
    },
};

/// How many rows one question by their keys asks for.
pub(super) const KEYS: usize = 2000;

/// Its columns stand in the source's order on both sides, so that lines can be compared.
pub(super) struct Pair<'t> {
    pub(super) from: &'t Table,
    pub(super) to: &'t Table,
    pub(super) from_columns: Vec<&'t Column>,
    pub(super) to_columns: Vec<&'t Column>,
}

/// Which rows are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'k> {
    All,
    /// Of these keys, each a JSON object.
    Of(&'k [String]),
}

impl<'t> Pair<'t> {
    /// All of them, in the order of the target's tables; `homes` are the schemas in which tables are that
    /// are declared without one, here and there.
    ///
    /// # Errors
    /// [`MoveError::Schema`] with everything that differs.
    pub(super) fn all(
        source: &'t Tables,
        target: &'t Tables,
        homes: (&str, &str),
    ) -> Result<Vec<Self>, MoveError> {
        let there: Vec<ExportedTable> = source.all.iter().map(|table| table.as_in(homes)).collect();
        let Differences { lost, other } = Differences::between(&there, "the source", target);
        let mut differences = [lost, other].concat();
        let mut pairs = Vec::new();
        for to in &target.all {
            let from = there.iter().position(|from| to.is(from)).and_then(|at| source.all.get(at));
            let Some(from) = from else { continue };
            let names = |table: &Table| {
                let keys = table.keys().into_iter().map(|key| key.name.clone());
                (table.found.tenant_column.clone(), keys.collect::<Vec<_>>())
            };
            if names(from) != names(to) {
                differences
                    .push(format!("{} has another key, or another tenant column", to.label()));
            }
            let column = |column: &Column| to.column(&column.name);
            let columns = from.columns.iter().filter_map(|from| Some((from, column(from)?)));
            let (from_columns, to_columns) = columns.unzip();
            pairs.push(Self { from, to, from_columns, to_columns });
        }
        if differences.is_empty() { Ok(pairs) } else { Err(MoveError::Schema(differences)) }
    }

    /// The columns that are not part of the key.
    pub(super) fn is_value(&self, column: &Column) -> bool {
        !self.to.found.primary_key.contains(&column.name)
    }
}

/// Rows of a table, `FROM … AS t`, as lines that begin with the key and end with a hash of the row, in
/// an order that is the same on every server.
pub(super) fn hashes(table: &Table, columns: &[&Column], rows: &str) -> String {
    format!(
        "SELECT x.line FROM (SELECT row_to_json(k.*)::text || ' ' || \
         encode(sha256(convert_to(row_to_json(v.*)::text, 'UTF8')), 'hex') AS line \
         FROM (SELECT t.* {rows}) AS t CROSS JOIN LATERAL (SELECT {}) AS k CROSS JOIN LATERAL (SELECT {}) AS v) AS x \
         ORDER BY convert_to(x.line, 'UTF8')",
        json_values(&table.keys()),
        json_values(columns),
    )
}

/// `FROM …`: the rows of these keys, as `t`.
pub(super) fn of_keys(table: &Table, keys: &[String], tenant: &TenantId) -> String {
    let keys = recordset(&array(keys), &table.keys());
    format!("FROM {keys} CROSS JOIN LATERAL (SELECT t.* {} OFFSET 0) AS t", of_key(table, tenant))
}

/// Behind a record set, as `r`: that `t`, which is written, is the row of its key.
pub(super) fn by_key(table: &Table, tenant: &TenantId) -> String {
    format!(
        " CROSS JOIN LATERAL (SELECT t.ctid, t.tableoid {} OFFSET 0) AS f \
         WHERE t.ctid = f.ctid AND t.tableoid = f.tableoid",
        of_key(table, tenant)
    )
}

/// Deletes the rows of these keys.
pub(super) fn delete_keys(table: &Table, keys: &[String], tenant: &TenantId) -> String {
    let keys = recordset(&array(keys), &table.keys());
    format!("DELETE FROM {} AS t USING {keys}{}", table.label(), by_key(table, tenant))
}

/// The row whose key `r` has. Where the key tells it alone, no index of the tenant is offered: a planner
/// that knows little of the tenant takes it for a small one, and would go through all of its rows.
fn of_key(table: &Table, tenant: &TenantId) -> String {
    let (label, column, id) = (table.label(), table.found.column(), literal(tenant));
    let is_key = table.found.primary_key.contains(&table.found.tenant_column);
    let of = if is_key { "" } else { " IS TRUE" };
    format!("FROM {label} AS t WHERE (t.{column} = {id}){of}{}", same_key(table))
}

/// The queries for these rows of the source, as JSON.
pub(super) fn lines(pair: &Pair<'_>, rows: Rows<'_>, tenant: &TenantId) -> Vec<String> {
    let table = pair.from;
    let Rows::Of(keys) = rows else {
        return vec![table.lines(&pair.from_columns, ExportFormat::NdJson, tenant)];
    };
    let query = |keys: &[String]| {
        format!(
            "SELECT row_to_json(x.*)::text {} CROSS JOIN LATERAL (SELECT {}) AS x",
            of_keys(table, keys, tenant),
            json_values(&pair.from_columns)
        )
    };
    keys.chunks(KEYS).map(query).collect()
}

/// Keys as a JSON array in SQL.
fn array(keys: &[String]) -> String {
    format!("{}::json", crate::quote_literal(&format!("[{}]", keys.join(","))))
}
