//! What somebody has changed since the installation.

use std::{collections::BTreeMap, fmt};

use super::{Isolation, facts, policies::walls};
use crate::{Error, JsonRow, SqlSession, TableName, Tenancy, TenantTable, quote_literal};

/// One thing that is not as [`Isolation`] made it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What sort of thing: `policy`, `row security`, `grant`, `column`, `owner`, `function`, `role`…
    pub kind: String,
    /// Which one, as PostgreSQL writes it: `tenancy_wall_1a2b3c4d on public.orders`.
    pub object: String,
    /// How it is; `None` where it is not there.
    pub found: Option<String>,
    /// How it should be; `None` where it should not be there.
    pub expected: Option<String>,
    /// The SQL that mends it, where SQL can.
    pub mend: Option<String>,
    /// The relation that it is about, if it is about one.
    pub(super) about: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.kind, self.object)?;
        match (&self.found, &self.expected) {
            (Some(found), Some(expected)) => write!(f, "is `{found}`, should be `{expected}`")?,
            (None, Some(expected)) => write!(f, "is missing, should be `{expected}`")?,
            (Some(found), None) => write!(f, "is there (`{found}`) and should not be")?,
            (None, None) => f.write_str("is missing")?,
        }
        match &self.mend {
            Some(mend) => write!(f, "\n    mend: {mend}"),
            None => Ok(()),
        }
    }
}

/// One row of the facts.
#[derive(Debug)]
struct Fact {
    value: Option<String>,
    about: Option<String>,
    make: Option<String>,
    undo: Option<String>,
    /// What it is about is gone.
    gone: bool,
}

type Facts = BTreeMap<(String, String), Fact>;

/// The declared tables that are there: as they stand in SQL, and as PostgreSQL writes them.
pub(super) type Names = BTreeMap<String, String>;

fn text(row: &JsonRow, name: &str) -> Option<String> {
    row.get(name)?.as_str().map(str::to_owned)
}

fn read(rows: &[JsonRow]) -> Facts {
    rows.iter()
        .filter_map(|row| {
            let key = (text(row, "kind")?, text(row, "object")?);
            let gone = row.get("gone").and_then(serde_json::Value::as_bool).unwrap_or(false);
            let fact = Fact {
                value: text(row, "value"),
                about: text(row, "about"),
                make: text(row, "make"),
                undo: text(row, "undo"),
                gone,
            };
            Some((key, fact))
        })
        .collect()
}

/// The differences, read on a session whose path is `pg_catalog`.
pub(super) async fn diff(
    isolation: &Isolation,
    session: &dyn SqlSession,
) -> Result<Vec<Difference>, Error> {
    let mut differences = Vec::new();
    let (tenancy, names) = present(isolation, session, &mut differences).await?;
    let installed = "SELECT to_regclass('tenancy.installed') IS NOT NULL AS there";
    let there = session.rows(installed, &[]).await?;
    if !there.iter().any(|row| row.get("there").is_some_and(|there| there == true)) {
        differences.push(Difference {
            kind: "installation".to_owned(),
            object: "schema tenancy".to_owned(),
            found: None,
            expected: Some("installed".to_owned()),
            mend: Some("Isolation::up(), or Isolation::plan() where tables have rows".to_owned()),
            about: None,
        });
        return Ok(differences);
    }
    let wanted = "SELECT i.*, about IS NOT NULL AND to_regclass(about) IS NULL AS gone \
                  FROM tenancy.installed i WHERE kind <> 'part'";
    let wanted = read(&session.rows(wanted, &[]).await?);
    if wanted.is_empty() {
        differences.push(Difference {
            kind: "installation".to_owned(),
            object: "schema tenancy".to_owned(),
            found: Some("begun".to_owned()),
            expected: Some("installed".to_owned()),
            mend: Some("run the plan again: what is done is not done twice".to_owned()),
            about: None,
        });
        return Ok(differences);
    }
    let facts = facts::facts(&isolation.layout, &tenancy, &isolation.schema_list());
    let found = read(&session.rows(&facts, &[]).await?);
    compare(isolation, &names, &wanted, &found, &mut differences);
    Ok(differences)
}

/// The declaration without the tables that are not there, which are differences.
pub(super) async fn present(
    isolation: &Isolation,
    session: &dyn SqlSession,
    differences: &mut Vec<Difference>,
) -> Result<(Tenancy, Names), Error> {
    let tenancy = &isolation.tenancy;
    let tables = tenancy.tenant_tables().iter().map(TenantTable::table);
    let names: Vec<String> = tables
        .chain(tenancy.shared_tables())
        .map(|table| format!("({})", quote_literal(&table.to_string())))
        .collect();
    if names.is_empty() {
        return Ok((tenancy.clone(), Names::new()));
    }
    let found = format!(
        "SELECT name, to_regclass(name)::text AS found FROM (VALUES {}) AS t (name)",
        names.join(", ")
    );
    let rows = session.rows(&found, &[]).await?;
    let found = rows.iter().filter_map(|row| Some((text(row, "name")?, text(row, "found"))));
    let (there, missing): (Vec<_>, Vec<_>) = found.partition(|(_, found)| found.is_some());
    let there: Names = there.into_iter().filter_map(|(name, found)| Some((name, found?))).collect();
    for (name, _) in missing {
        differences.push(Difference {
            kind: "table".to_owned(),
            object: name.clone(),
            found: None,
            expected: Some("a declared table".to_owned()),
            mend: None,
            about: Some(name),
        });
    }
    Ok((tenancy.without(|table: &TableName| !there.contains_key(&table.to_string())), there))
}

fn compare(
    isolation: &Isolation,
    names: &Names,
    wanted: &Facts,
    found: &Facts,
    out: &mut Vec<Difference>,
) {
    let new_partitions: Vec<&str> = found
        .keys()
        .filter(|key| key.0 == "partition" && !wanted.contains_key(*key))
        .map(|key| key.1.as_str())
        .collect();
    for (key, fact) in wanted {
        let now = found.get(key);
        // A table of ours is missed.
        let gone = fact.gone && !(key.0 == "owner" && key.1.starts_with("tenancy."));
        if gone || now.is_some_and(|now| now.value == fact.value) {
            continue;
        }
        let mend = match now.and_then(|now| now.undo.clone()) {
            // A function is replaced: policies depend on it.
            Some(undo) if key.0 != "function" => {
                fact.make.as_ref().map(|make| format!("{undo}; {make}"))
            }
            _ => fact.make.clone(),
        };
        out.push(difference(key, now.map(shown), Some(shown(fact)), mend, fact));
    }
    for (key, fact) in found.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        let of_partition = fact.about.as_deref().is_some_and(|r| new_partitions.contains(&r));
        if key.0 == "partition" {
            out.push(difference(key, Some(shown(fact)), None, wall(isolation, names, fact), fact));
        } else if !of_partition || key.0.ends_with("grant") {
            // Where there is nothing to take away, what should be is made.
            let mend = fact.undo.clone().or_else(|| fact.make.clone());
            out.push(difference(key, Some(shown(fact)), None, mend, fact));
        }
    }
}

fn shown(fact: &Fact) -> String {
    fact.value.clone().unwrap_or_default()
}

fn difference(
    (kind, object): &(String, String),
    found: Option<String>,
    expected: Option<String>,
    mend: Option<String>,
    fact: &Fact,
) -> Difference {
    let (kind, object) = (kind.clone(), object.clone());
    Difference { kind, object, found, expected, mend, about: fact.about.clone() }
}

/// The walls of the table that a new partition belongs to.
fn wall(isolation: &Isolation, names: &Names, partition: &Fact) -> Option<String> {
    let root = partition.value.as_deref()?.strip_prefix("below ")?;
    let tables = isolation.tenancy.tenant_tables();
    let is_root = |t: &&TenantTable| names.get(&t.table().to_string()).is_some_and(|n| n == root);
    let table = tables.iter().find(is_root)?;
    let walls = walls(&isolation.layout, table, isolation.is_searched(table.table()));
    Some(walls.trim_end().trim_end_matches(';').to_owned())
}
