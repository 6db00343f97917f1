//! Tables: `"invoices"`, `"billing.invoices"`, or with what belongs to them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use tenant_core::{Backfill, Error, Isolation, TableName, TenantKey};

/// A name, perhaps with its schema before a dot. A name that has a dot itself stands in double quotes.
#[derive(Debug, Clone)]
pub(super) struct Table(TableName);

impl Table {
    pub(super) fn name(&self) -> &TableName {
        &self.0
    }
}

/// Reads a table's name as it stands in a `tenant.toml`: `name` or `schema.name`, a part that has a dot
/// in double quotes. Case is kept.
///
/// ```
/// let table = tenant_cli::table_name("billing.invoices")?;
/// assert_eq!((table.schema(), table.name()), (Some("billing"), "invoices"));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// With what to write instead.
pub fn table_name(text: &str) -> Result<TableName, String> {
    let wrong = || {
        format!(
            "`{}` is no table's name: write \"name\" or \"schema.name\", and a part that has a dot in \
             double quotes",
            text.escape_debug()
        )
    };
    let (first, rest) = part(text).ok_or_else(wrong)?;
    let named = match rest.strip_prefix('.') {
        None if rest.is_empty() => TableName::new(&first),
        None => return Err(wrong()),
        Some(rest) => match part(rest) {
            Some((name, "")) => TableName::new(&name).and_then(|table| table.in_schema(&first)),
            _ => return Err(wrong()),
        },
    };
    named.map_err(|error| error.to_string())
}

/// A part of a name, and what is behind it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['.', '"']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return (!name.is_empty()).then_some((name, after)),
        }
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        table_name(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A tenant table and what is said of it.
#[derive(Debug, Clone)]
pub(super) struct TenantTableEntry(Fields);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: Table,
    column: Option<String>,
    #[serde(default)]
    count_rows: bool,
    backfill: Option<BackfillFrom>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BackfillFrom {
    Tenant(String),
    Along(String),
    Column(String),
}

impl TenantTableEntry {
    pub(super) fn table(&self) -> &TableName {
        self.0.name.name()
    }

    pub(super) fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The isolation with what this entry asks of it.
    pub(super) fn options(
        &self,
        mut isolation: Isolation,
        key: TenantKey,
    ) -> Result<Isolation, Error> {
        if self.0.count_rows {
            isolation = isolation.row_quota(self.table().clone())?;
        }
        let how = match &self.0.backfill {
            None => return Ok(isolation),
            Some(BackfillFrom::Tenant(id)) => Backfill::Value(key.parse(id)?),
            Some(BackfillFrom::Along(key)) => Backfill::Along(key.clone()),
            Some(BackfillFrom::Column(column)) => Backfill::Column(column.clone()),
        };
        isolation.backfill(self.table().clone(), how)
    }
}

impl<'de> Deserialize<'de> for TenantTableEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Entry)
    }
}

struct Entry;

impl<'de> Visitor<'de> for Entry {
    type Value = TenantTableEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table: \"invoices\", or { name = \"invoices\", column = \"account_id\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let name = Table(table_name(text).map_err(E::custom)?);
        Ok(TenantTableEntry(Fields { name, column: None, count_rows: false, backfill: None }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map)).map(TenantTableEntry)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "a\"b", "\"a\"b", "a..b"] {
            assert!(table_name(text).is_err(), "{text:?}");
        }
        assert_eq!(table_name("\"a.b\".\"c\"\"d\"").unwrap().name(), "c\"d");
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_read_back(schema in r"\PC{1,10}", name in r"\PC{1,10}") {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let table = table_name(&format!("{}.{}", quoted(&schema), quoted(&name))).unwrap();
            prop_assert_eq!((table.schema(), table.name()), (Some(&*schema), &*name));
            let table = table_name(&quoted(&name)).unwrap();
            prop_assert_eq!((table.schema(), table.name()), (None, &*name));
        }

        #[test]
        fn whatever_is_written_is_read_or_refused(text in r#"([a-z".]|\PC){0,12}"#) {
            let _ = table_name(&text);
        }
    }
}
