//! Search functions: `[[isolation.search]]`.

use serde::Deserialize;
use tenant_core::{Search, SearchBy};

use super::table::Table;

/// A function `tenancy.search_<name>`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct SearchEntry {
    name: String,
    search: Search,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: String,
    table: Table,
    key: String,
    by: By,
    oldest_first: Option<String>,
    newest_first: Option<String>,
}

/// Core's kinds of questions by the names that the file has.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Words(Words),
    Part(String),
    PartIgnoringCase(String),
    SameIgnoringCase(String),
    Range(String),
    Json(String),
    AllOf(String),
    AnyOf(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    column: String,
    configuration: String,
}

impl SearchEntry {
    /// Without `search_`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn search(&self) -> &Search {
        &self.search
    }
}

impl TryFrom<Fields> for SearchEntry {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { name, table, key, by, oldest_first, newest_first } = fields;
        let search = Search::new(&name, table.name().clone(), &key, by.into());
        let search = match (oldest_first, newest_first) {
            (None, None) => search,
            (Some(column), None) => search.oldest_first(&column),
            (None, Some(column)) => search.newest_first(&column),
            _ => return Err("a search has one order: leave `oldest_first` or `newest_first`"),
        };
        Ok(Self { name, search })
    }
}

impl From<By> for SearchBy {
    fn from(by: By) -> Self {
        match by {
            By::Words(Words { column, configuration }) => Self::Words { column, configuration },
            By::Part(column) => Self::Part { column },
            By::PartIgnoringCase(column) => Self::PartIgnoringCase { column },
            By::SameIgnoringCase(column) => Self::SameIgnoringCase { column },
            By::Range(column) => Self::Range { column },
            By::Json(column) => Self::Json { column },
            By::AllOf(column) => Self::AllOf { column },
            By::AnyOf(column) => Self::AnyOf { column },
        }
    }
}
