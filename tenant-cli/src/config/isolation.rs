//! What is installed beyond the declared tables: `[isolation]`.

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use tenant_core::{Error, Isolation, Leakproof};
use toml::Spanned;

use super::{file::at, search::SearchEntry};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    hide_activity: bool,
    #[serde(default)]
    leakproof: Vec<LeakproofName>,
    revoke_set_config: Option<Spanned<bool>>,
    #[serde(default)]
    search: Vec<Spanned<SearchEntry>>,
}

/// Core's operators by the names that the file has.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LeakproofName {
    FullText,
    Numeric,
    Enum,
    JsonbKeys,
}

impl LeakproofName {
    fn operators(self) -> Leakproof {
        match self {
            Self::FullText => Leakproof::FullText,
            Self::Numeric => Leakproof::Numeric,
            Self::Enum => Leakproof::Enum,
            Self::JsonbKeys => Leakproof::JsonbKeys,
        }
    }
}

impl Options {
    /// The isolation with what is asked of it here, or what is wrong and where it stands.
    pub(super) fn ask(&self, mut isolation: Isolation) -> Result<Isolation, (Range<usize>, Error)> {
        for name in &self.leakproof {
            isolation = isolation.leakproof(name.operators());
        }
        if self.hide_activity {
            isolation = isolation.hide_activity();
        }
        if let Some(revoke) = self.revoke_set_config.as_ref().filter(|revoke| *revoke.get_ref()) {
            isolation = at(Some(revoke), isolation.revoke_set_config())?;
        }
        for entry in &self.search {
            isolation = at(Some(entry), isolation.search(entry.get_ref().search().clone()))?;
        }
        Ok(isolation)
    }

    /// Where a search has the name of one before: there is one function of a name.
    pub(super) fn search_twice(&self) -> Option<Range<usize>> {
        let mut names = BTreeSet::new();
        let twice = self.search.iter().find(|entry| !names.insert(entry.get_ref().name()));
        twice.map(Spanned::span)
    }
}
