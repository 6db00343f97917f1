//! How the tenant of a row is found that was just written.

use super::super::graph::{Key, Table};
use crate::{
    Backfill, Isolation, TableName, TenantTable, adopt::AdoptError, quote::quoted, quote_literal,
};

/// SQL over a row `t`.
#[derive(Debug)]
pub(super) struct Way {
    /// What is joined to it.
    pub(super) joins: String,
    /// The tenant's id as a text.
    pub(super) whose: String,
    /// Whether a new row says nothing of its tenant.
    pub(super) nobody: String,
    /// The same of a row that was changed. Where the tenant column is still to come, that keeps what it has.
    pub(super) nobody_then: String,
    /// In words.
    pub(super) said: String,
}

/// The declared tables as the catalogue has them.
#[derive(Debug)]
pub(super) struct Ways<'a> {
    pub(super) isolation: &'a Isolation,
    pub(super) tables: &'a [Table],
}

impl<'a> Ways<'a> {
    pub(super) fn table(&self, name: &TableName) -> Option<&'a Table> {
        self.tables
            .iter()
            .find(|table| table.name == name.name() && Some(table.schema.as_str()) == name.schema())
    }

    /// The way from a row of this table, `t`, and the tables that it leads along, by their oids.
    pub(super) fn of(&self, declared: &TenantTable) -> Result<(Way, Vec<i64>), AdoptError> {
        let mut seen = Vec::new();
        Ok((self.from(declared, "t", &mut seen)?, seen))
    }

    fn from(
        &self,
        declared: &TenantTable,
        alias: &str,
        seen: &mut Vec<i64>,
    ) -> Result<Way, AdoptError> {
        let name = declared.table();
        let Some(table) = self.table(name) else {
            return Err(refused(&format!(
                "{name} is not there, or is no table of its own: a partition is watched with the table above it"
            )));
        };
        if seen.contains(&table.oid) {
            return Err(refused(&format!(
                "the rows of {name} are found by a circle of foreign keys: say with a backfill where it starts"
            )));
        }
        seen.push(table.oid);
        if table.column(declared.column()).is_some() {
            return Ok(column(alias, declared.column(), true));
        }
        match self.isolation.backfill_of(name) {
            Some(Backfill::Column(from)) if table.column(from).is_some() => {
                Ok(column(alias, from, false))
            }
            Some(Backfill::Column(from)) => Err(refused(&format!("{name} has no column {from}"))),
            Some(Backfill::Value(id)) => Ok(Way {
                joins: String::new(),
                whose: quote_literal(&id.to_string()),
                nobody: "false".to_owned(),
                nobody_then: "false".to_owned(),
                said: format!("all of {id}"),
            }),
            Some(Backfill::Along(key)) => self.along(table, name, Some(key), alias, seen),
            None => self.along(table, name, None, alias, seen),
        }
    }

    fn along(
        &self,
        table: &Table,
        name: &TableName,
        named: Option<&str>,
        alias: &str,
        seen: &mut Vec<i64>,
    ) -> Result<Way, AdoptError> {
        let tenants = self.isolation.tenancy().tenant_tables();
        let parent = |key: &Key| {
            let is_it = |t: &&TenantTable| {
                self.table(t.table()).is_some_and(|found| found.oid == key.parent)
            };
            tenants.iter().find(is_it).filter(|_| key.parent != table.oid)
        };
        let keys: Vec<(&Key, &TenantTable)> = table
            .keys
            .iter()
            .filter(|key| named.is_none_or(|named| named == key.name))
            .filter_map(|key| Some((key, parent(key)?)))
            .collect();
        let [(key, parent)] = keys.as_slice() else {
            return Err(refused(&format!(
                "whose a row of {name} is cannot be told: it has no tenant column yet, and {} to follow; say with \
                 `backfill` which, or watch it once it has the column",
                if keys.is_empty() { "no foreign key" } else { "several foreign keys" }
            )));
        };
        let next = format!("{alias}_");
        let rest = self.from(parent, &next, seen)?;
        let columns = |columns: &[String]| columns.join(", ");
        let pairs = key.columns.iter().zip(&key.referenced);
        let on: Vec<String> = pairs
            .map(|(from, to)| format!("{next}.{} = {alias}.{}", quoted(to), quoted(from)))
            .collect();
        let null: Vec<String> =
            key.columns.iter().map(|c| format!("{alias}.{} IS NULL", quoted(c))).collect();
        let label = parent.table();
        Ok(Way {
            joins: format!(" LEFT JOIN {label} AS {next} ON {}{}", on.join(" AND "), rest.joins),
            whose: rest.whose,
            nobody: null.join(" OR "),
            nobody_then: "false".to_owned(),
            said: format!("{} → {} → {}", columns(&key.columns), label.name(), rest.said),
        })
    }
}

/// A column of the row itself. `is_final` is the tenant column, of which a NULL will be refused.
fn column(alias: &str, name: &str, is_final: bool) -> Way {
    let null = format!("{alias}.{} IS NULL", quoted(name));
    Way {
        joins: String::new(),
        whose: format!("{alias}.{}::text", quoted(name)),
        nobody_then: if is_final { null.clone() } else { "false".to_owned() },
        nobody: null,
        said: name.to_owned(),
    }
}

pub(super) fn refused(why: &str) -> AdoptError {
    AdoptError::Watch { why: why.to_owned() }
}
