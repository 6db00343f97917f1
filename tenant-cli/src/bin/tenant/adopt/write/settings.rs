//! `tenant.toml`, filled.

use std::{collections::BTreeMap, ops::Range};

use tenant_cli::Config;
use tenant_core::{Adoption, Answer, Backfill, TableName, Whose};

use crate::exit::Failure;

/// What is to stand in the file.
pub(in crate::adopt) struct Settings<'a> {
    /// The file as it is; empty where there is none.
    pub(in crate::adopt) text: &'a str,
    /// Its name.
    pub(in crate::adopt) name: &'a str,
    pub(in crate::adopt) adoption: &'a Adoption,
    /// The table of tenants, where it was chosen at the terminal or the command line.
    pub(in crate::adopt) chosen: Option<&'a TableName>,
    /// What was answered at the terminal.
    pub(in crate::adopt) answers: &'a BTreeMap<TableName, Answer>,
    pub(in crate::adopt) force: bool,
}

/// The keys that are filled.
const KEYS: [&str; 3] = ["key", "tenant_tables", "shared_tables"];

/// The file's text with the tables in it. Everything else of it stays to the letter.
pub(in crate::adopt) fn settings(settings: &Settings<'_>) -> Result<String, Failure> {
    let tables = tables(settings.adoption)?;
    let mut text = settings.text.to_owned();
    let here = roots(&text);
    if !says_the_same(&text, &tables) {
        if !here.is_empty() && !settings.force {
            return Err(Failure::refused(format!(
                "{} declares other tables already, and nothing was written: take `key`, `tenant_tables` and \
                 `shared_tables` out of it, or say `--force` to write over them",
                settings.name
            )));
        }
        for span in here.into_iter().rev() {
            text.replace_range(span, "");
        }
        let between = if text.trim_start().is_empty() { "" } else { "\n" };
        text = format!("{tables}{between}{}", text.trim_start());
    }
    text = answered(&text, settings);
    // What was put together is held against what it should say before anybody relies on it.
    let read = Config::parse(&text, settings.name).map_err(|e| Failure::usage(e.to_string()))?;
    let says = |tenancy: &tenant_core::Tenancy| {
        format!("{} {:?} {:?}", tenancy.key(), tenancy.tenant_tables(), tenancy.shared_tables())
    };
    if says(read.tenancy()) != says(&settings.adoption.tenancy()?) {
        return Err(Failure::refused(format!(
            "{} cannot be filled as it is written: take `key`, `tenant_tables` and `shared_tables` out of it, \
             then run it again",
            settings.name
        )));
    }
    Ok(text)
}

fn tables(adoption: &Adoption) -> Result<String, Failure> {
    let mut tenants = String::new();
    let mut shared = String::new();
    for table in adoption.tables() {
        let name = quoted(&spelled(table.name()))?;
        match table.whose() {
            Whose::Tenants { column, backfill } => {
                let mut entry = Vec::new();
                if column != "tenant_id" {
                    entry.push(format!("column = {}", quoted(column)?));
                }
                match backfill {
                    Some(Backfill::Column(from)) => {
                        entry.push(format!("backfill = {{ column = {} }}", quoted(from)?));
                    }
                    Some(Backfill::Along(key)) => {
                        entry.push(format!("backfill = {{ along = {} }}", quoted(key)?));
                    }
                    _ => {}
                }
                let line = match entry.as_slice() {
                    [] => name,
                    entry => format!("{{ name = {name}, {} }}", entry.join(", ")),
                };
                tenants.push_str(&format!("    {line},\n"));
            }
            Whose::Shared => shared.push_str(&format!("    {name},\n")),
            _ => {}
        }
    }
    Ok(format!(
        "key = \"{}\"\ntenant_tables = [\n{tenants}]\nshared_tables = [\n{shared}]\n",
        adoption.key()
    ))
}

/// Where the keys that are filled stand, with their values and line ends.
fn roots(text: &str) -> Vec<Range<usize>> {
    let Ok(table) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let mut spans: Vec<Range<usize>> = table
        .get_ref()
        .iter()
        .filter(|(key, _)| KEYS.contains(&&**key.get_ref()))
        .map(|(key, value)| {
            let end = value.span().end;
            let rest = text.get(end..).unwrap_or_default();
            key.span().start..end + rest.find('\n').map_or(rest.len(), |at| at + 1)
        })
        .collect();
    spans.sort_by_key(|span| span.start);
    spans
}

fn says_the_same(text: &str, tables: &str) -> bool {
    let keys = |text: &str| {
        let table: Option<toml::Table> = text.parse().ok();
        table.map(|table| KEYS.map(|key| table.get(key).cloned()))
    };
    let same = keys(text);
    same.is_some() && same == keys(tables)
}

/// The text with what was answered at a terminal, so that it need not be asked again.
fn answered(text: &str, settings: &Settings<'_>) -> String {
    let mut text = text.to_owned();
    if let Some(table) = settings.chosen
        && !names_tenants(&text)
        && let Ok(name) = quoted(&spelled(table))
    {
        insert(&mut text, "[adopt]", &format!("tenants_table = {name}\n"));
    }
    let mut lines = String::new();
    for (table, answer) in settings.answers {
        if let (Ok(name), Ok(answer)) = (quoted(&spelled(table)), quoted(&answer.to_string())) {
            lines.push_str(&format!("{name} = {answer}\n"));
        }
    }
    if !lines.is_empty() {
        insert(&mut text, "[adopt.tables]", &lines);
    }
    text
}

/// Whether the file says itself which table has the tenants; a command line that says another does not
/// change that.
fn names_tenants(text: &str) -> bool {
    let table: Option<toml::Table> = text.parse().ok();
    table.is_some_and(|table| table.get("adopt").is_some_and(|a| a.get("tenants_table").is_some()))
}

/// Puts lines below a header, which is made where it is not there.
fn insert(text: &mut String, header: &str, lines: &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim() == header {
            let end = if line.ends_with('\n') { "" } else { "\n" };
            text.insert_str(at, &format!("{end}{lines}"));
            return;
        }
    }
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    text.push_str(&format!("{end}\n{header}\n{lines}"));
}

/// A table's name as `tenant.toml` has it.
pub(in crate::adopt) fn spelled(table: &TableName) -> String {
    let part = |text: &str| {
        if text.contains(['.', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    match table.schema() {
        Some(schema) => format!("{}.{}", part(schema), part(table.name())),
        None => part(table.name()),
    }
}

/// As a string of TOML: what JSON escapes, TOML reads.
fn quoted(text: &str) -> Result<String, Failure> {
    Ok(serde_json::to_string(text)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_filled_is_found_to_the_line() {
        let text = "# mine\nkey = \"text\" # old\nrole_prefix = \"x\"\ntenant_tables = [\n  \"a\",\n]\n\n[database]\nurl = \"postgres://a@b/c\"\n";
        let mut rest = text.to_owned();
        for span in roots(text).into_iter().rev() {
            rest.replace_range(span, "");
        }
        assert_eq!(rest, "# mine\nrole_prefix = \"x\"\n\n[database]\nurl = \"postgres://a@b/c\"\n");
    }

    #[test]
    fn lines_go_below_their_header() {
        let mut text = "a = 1\n[adopt.tables]".to_owned();
        insert(&mut text, "[adopt.tables]", "x = \"shared\"\n");
        insert(&mut text, "[adopt]", "tenants_table = \"y\"\n");
        assert_eq!(
            text,
            "a = 1\n[adopt.tables]\nx = \"shared\"\n\n[adopt]\ntenants_table = \"y\"\n"
        );
    }

    proptest! {
        #[test]
        fn a_name_is_read_back(schema in r"[^\x00-\x1f\x7f]{1,10}", name in r"[^\x00-\x1f\x7f]{1,10}") {
            let table = TableName::new(&name).unwrap();
            let full = table.clone().in_schema(&schema).unwrap();
            for table in [table, full] {
                let line = format!("x = {}", quoted(&spelled(&table)).unwrap());
                let read: toml::Table = line.parse().unwrap();
                prop_assert_eq!(tenant_cli::table_name(read["x"].as_str().unwrap()).unwrap(), table);
            }
        }
    }
}
