//! Answers that are rows: as a table, JSON or Markdown.

use comfy_table::{
    ColumnConstraint, ContentArrangement, Table, Width, presets::UTF8_HORIZONTAL_ONLY,
};
use serde_json::{Map, Value};

use crate::{
    app::App,
    args::Format,
    exit::{Answer, Failure},
    screen::Screen,
};

/// As wide as a UUID.
const UNBROKEN: usize = 36;

/// Narrower, and a text becomes a column of letters.
const NARROWEST: u16 = 24;

/// Rows under names. In JSON the names are keys, so they are one word each.
pub(crate) struct Rows {
    names: Vec<&'static str>,
    values: Vec<Vec<Value>>,
    /// What stands below, for people.
    pub(crate) summary: String,
}

impl Rows {
    pub(crate) fn new<const N: usize>(names: [&'static str; N]) -> Self {
        Self { names: names.to_vec(), values: Vec::new(), summary: String::new() }
    }

    pub(crate) fn push<const N: usize>(&mut self, row: [Value; N]) {
        self.values.push(row.into());
    }

    /// What stands below the rows.
    pub(crate) fn say(&mut self, summary: &str) {
        summary.clone_into(&mut self.summary);
    }

    /// The answer in the format that was asked for.
    pub(crate) fn answer(self, app: &App) -> Result<Answer, Failure> {
        Ok(Answer::done(match app.format() {
            Format::Json => pretty(&self.json())?,
            Format::Markdown => self.markdown(),
            _ => self.table(),
        }))
    }

    fn json(&self) -> Value {
        let object = |row: &Vec<Value>| {
            let named = self.names.iter().zip(row);
            Value::Object(named.map(|(n, v)| ((*n).to_owned(), v.clone())).collect::<Map<_, _>>())
        };
        self.values.iter().map(object).collect()
    }

    fn table(&self) -> String {
        if self.values.is_empty() {
            return self.summary.clone();
        }
        let mut table = Table::new();
        table
            .load_preset(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(Screen::width())
            .set_header(&self.names);
        for row in &self.values {
            table.add_row(row.iter().map(|value| one_line(&shown(value))));
        }
        // An id or a time that is broken over two lines cannot be copied.
        for (number, column) in table.column_iter_mut().enumerate() {
            let widths = self.values.iter().map(|row| shown(&row[number]).chars().count());
            if widths.max().unwrap_or_default() <= UNBROKEN {
                column.set_constraint(ColumnConstraint::ContentWidth);
            } else {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST)));
            }
        }
        format!("{table}\n{}", self.summary)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut out = markdown_row(self.names.iter().map(ToString::to_string));
        out.push_str(&format!("|{}\n", "---|".repeat(self.names.len())));
        for row in &self.values {
            out.push_str(&markdown_row(row.iter().map(shown)));
        }
        format!("{out}\n{}", self.summary)
    }
}

fn markdown_row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| markdown_cell(&cell)).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A cell that stays one, whatever is in it, and makes neither a link nor HTML.
pub(crate) fn markdown_cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if "\\|<>[]*_`&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A name may have line breaks, and what steers a terminal; what is shown may not.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// `1 error`, `2 errors`.
pub(crate) fn many(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
