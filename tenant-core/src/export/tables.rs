//! The declared tables, with how each column's values become text and are read again.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ExportFormat, ExportedColumn, ExportedTable, digest::sha256};
use crate::{
    Error, Layout, SessionError, SqlSession, Tenancy, TenantId,
    catalogue::{self, CatalogueTable, ForeignKey, TenantTables},
    isolation::fill,
    quote::quoted,
    quote_literal,
};

/// The declared tenant tables, parents first.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) all: Vec<Table>,
    pub(crate) keys: Vec<ForeignKey>,
    /// What has a tenant column and is not declared, and what else may hold a tenant's rows.
    pub(crate) undeclared: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) found: CatalogueTable,
    /// Without the tenant column and without those that are computed.
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) sql_type: String,
    pub(crate) not_null: bool,
    how: How,
}

#[derive(Debug, Clone, Deserialize)]
struct How {
    relid: i64,
    name: String,
    /// The type without its length, so that a value that is too long is refused, not cut.
    input: String,
    print: Print,
    is_json: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Print {
    Bare,
    Cast,
    Printed,
}

impl Tables {
    /// Reads them, on a session whose path is `pg_catalog, pg_temp`.
    pub(crate) async fn read(
        session: &dyn SqlSession,
        tenancy: &Tenancy,
        layout: Option<&Layout>,
    ) -> Result<Self, Error> {
        let TenantTables { tables, keys, elsewhere, .. } =
            catalogue::read(session, tenancy, layout).await?;
        let (declared, others): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(CatalogueTable::is_declared);
        let mut how = columns(session, &declared).await?;
        let all = declared
            .into_iter()
            .map(|found| {
                let how = how.remove(&found.oid).unwrap_or_default();
                Table::new(found, how)
            })
            .collect();
        let others = others
            .iter()
            .map(|table| format!("{} has a tenant column and is not declared", table.label()));
        Ok(Self { all, keys, undeclared: others.chain(elsewhere).collect() })
    }

    /// The same as the catalogue has them, to be asked about row security.
    pub(crate) fn catalogue(&self) -> TenantTables {
        let tables = self.all.iter().map(|table| table.found.clone()).collect();
        TenantTables { tables, ..TenantTables::default() }
    }

    /// The words that lock them all.
    pub(crate) fn lock(&self, mode: &str) -> String {
        if self.all.is_empty() {
            return String::new();
        }
        let names: Vec<String> = self.all.iter().map(Table::label).collect();
        format!("LOCK TABLE {} IN {mode} MODE;", names.join(", "))
    }

    /// A hash over tables, columns and types, whatever their order.
    pub(crate) fn schema_version(&self) -> String {
        let mut tables: Vec<_> = self
            .all
            .iter()
            .map(|table| {
                let mut columns = table.exported_columns();
                columns.sort();
                (&table.found.schema, &table.found.name, &table.found.tenant_column, columns)
            })
            .collect();
        tables.sort();
        // Names and texts only, which JSON can write.
        sha256(&serde_json::to_vec(&tables).unwrap_or_default())
    }
}

async fn columns(
    session: &dyn SqlSession,
    tables: &[CatalogueTable],
) -> Result<BTreeMap<i64, Vec<How>>, Error> {
    let oids: Vec<String> = tables.iter().map(|table| table.oid.to_string()).collect();
    let sql = fill(include_str!("columns.sql"), &[("oids", &oids.join(", "))]);
    let unread = |source| Error::Unread { source };
    let mut of: BTreeMap<i64, Vec<How>> = BTreeMap::new();
    for row in session.rows(&sql, &[]).await.map_err(unread)? {
        let how: How = serde_json::from_value(serde_json::Value::Object(row))
            .map_err(|error| unread(SessionError::driver(error)))?;
        of.entry(how.relid).or_default().push(how);
    }
    Ok(of)
}

impl Table {
    fn new(found: CatalogueTable, how: Vec<How>) -> Self {
        let columns = how
            .into_iter()
            .filter(|how| how.name != found.tenant_column)
            .filter_map(|how| {
                let column = found.columns.iter().find(|column| column.name == how.name)?;
                let (name, sql_type) = (column.name.clone(), column.sql_type.clone());
                Some(Column { name, sql_type, not_null: column.not_null, how })
            })
            .collect();
        Self { found, columns }
    }

    pub(crate) fn label(&self) -> String {
        self.found.label()
    }

    pub(crate) fn exported_columns(&self) -> Vec<ExportedColumn> {
        self.columns
            .iter()
            .map(|c| ExportedColumn { name: c.name.clone(), sql_type: c.sql_type.clone() })
            .collect()
    }

    /// As it would be called on another side, where tables are in another schema that are declared
    /// without one: here, and there.
    pub(crate) fn as_in(&self, (here, there): (&str, &str)) -> ExportedTable {
        let schema = if self.found.schema == here { there } else { &self.found.schema };
        ExportedTable {
            schema: schema.to_owned(),
            name: self.found.name.clone(),
            tenant_column: self.found.tenant_column.clone(),
            rows: 0,
            rows_digest: String::new(),
            columns: self.exported_columns(),
            files: Vec::new(),
        }
    }

    pub(crate) fn is(&self, exported: &ExportedTable) -> bool {
        self.found.schema == exported.schema && self.found.name == exported.name
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// `FROM … WHERE …`: the tenant's rows, as `t`.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> String {
        let column = self.found.column();
        format!("FROM {} AS t WHERE t.{column} = {}", self.label(), literal(tenant))
    }

    /// The columns that tell its rows apart within a tenant; none where there is no such key, or the
    /// tenant's is the whole of it.
    pub(crate) fn keys(&self) -> Vec<&Column> {
        let keys = self.found.primary_key.iter();
        keys.filter_map(|key| self.column(key)).collect()
    }

    /// Its lines: these columns in this order, sorted by the primary key where there is one.
    pub(crate) fn lines(
        &self,
        columns: &[&Column],
        format: ExportFormat,
        tenant: &TenantId,
    ) -> String {
        let keys: Vec<String> =
            self.found.primary_key.iter().map(|key| format!("t.{}", quoted(key))).collect();
        let order =
            if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let rows = self.of_tenant(tenant);
        match format {
            ExportFormat::NdJson => {
                let values = json_values(columns);
                format!("SELECT row_to_json(r.*)::text FROM (SELECT {values} {rows}{order}) AS r")
            }
            ExportFormat::Csv => {
                let field = |column: &&Column| {
                    let text = column.text();
                    format!("coalesce('\"' || replace({text}, '\"', '\"\"') || '\"', '')")
                };
                let fields: Vec<String> = columns.iter().map(field).collect();
                let line =
                    if fields.is_empty() { "''".to_owned() } else { fields.join(" || ',' || ") };
                format!("SELECT {line} {rows}{order}")
            }
        }
    }
}

impl Column {
    fn json(&self) -> String {
        match self.how.print {
            Print::Bare => format!("t.{}", quoted(&self.name)),
            Print::Cast | Print::Printed => self.text(),
        }
    }

    /// `IS NULL` says so of a composite whose fields are, too.
    fn text(&self) -> String {
        let name = quoted(&self.name);
        match self.how.print {
            Print::Bare | Print::Cast => format!("t.{name}::text"),
            Print::Printed => {
                format!("CASE WHEN num_nulls(t.{name}) = 0 THEN format('%s', t.{name}) END")
            }
        }
    }

    /// Its definition in the list of `json_to_recordset`, which calls the type's own input
    /// function; a text for JSON, where it would take a text for a JSON string.
    pub(crate) fn definition(&self) -> String {
        let input = if self.how.is_json { "text" } else { &self.how.input };
        format!("{} {input}", quoted(&self.name))
    }

    /// Its value out of that list, as `r`.
    pub(crate) fn value(&self) -> String {
        let name = quoted(&self.name);
        if self.how.is_json { format!("r.{name}::{}", self.how.input) } else { format!("r.{name}") }
    }
}

/// Columns of `t` as they stand in a line of JSON, with their names.
pub(crate) fn json_values(columns: &[&Column]) -> String {
    let value = |column: &&Column| format!("{} AS {}", column.json(), quoted(&column.name));
    columns.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// The tenant as a quoted literal of its type.
pub(crate) fn literal(tenant: &TenantId) -> String {
    format!("{}::{}", quote_literal(&tenant.to_string()).trim_start(), tenant.key())
}
