//! What was found, and what was written.

use serde_json::{Value, json};
use tenant_core::{AdoptedTable, Adoption, Backfill, Whose};

use super::write::spelled;
use crate::{
    app::App,
    args::Format,
    exit::{Answer, Exit, Failure},
    table::{Rows, many, one_line, pretty},
};

/// The answer: every table with its why, then what came of it.
pub(super) fn answer(
    app: &App,
    adoption: &Adoption,
    written: &[String],
    dry_run: bool,
) -> Result<Answer, Failure> {
    let unsure: Vec<&AdoptedTable> = adoption.unsure().collect();
    let exit = if unsure.is_empty() { Exit::Done } else { Exit::Open };
    if app.format() == Format::Json {
        let text = pretty(&json!({
            "tenants_table": spelled(adoption.tenants_table()),
            "key": adoption.key().to_string(),
            "tables": adoption.tables().iter().map(object).collect::<Value>(),
            "unsure": unsure.len(),
            "written": if dry_run { &[] } else { written },
        }))?;
        return Ok(Answer { text, exit });
    }
    let mut rows = Rows::new(["table", "whose", "column", "why"]);
    for table in adoption.tables() {
        let why = std::iter::once(table.why()).chain(table.remarks().iter().map(String::as_str));
        let why = why.collect::<Vec<_>>().join("; ");
        rows.push([
            json!(spelled(table.name())),
            json!(whose(table.whose())),
            json!(column(table.whose())),
            json!(why),
        ]);
    }
    rows.say(&if unsure.is_empty() { what_came(written, dry_run) } else { open(&unsure) });
    let mut answer = rows.answer(app)?;
    answer.exit = exit;
    Ok(answer)
}

fn what_came(written: &[String], dry_run: bool) -> String {
    let head = match (written.len(), dry_run) {
        (0, _) => return "Everything is written already.\n".to_owned(),
        (n, true) => format!("{} would be written:\n", many(n, "file")),
        (n, false) => format!("{} written:\n", many(n, "file")),
    };
    let lines: Vec<String> =
        written.iter().map(|name| format!("    {}\n", one_line(name))).collect();
    head + &lines.concat()
}

/// What it needs to go on, ready to be put into the file.
fn open(unsure: &[&AdoptedTable]) -> String {
    let count = many(unsure.len(), "table");
    let lines: Vec<String> =
        unsure.iter().map(|table| format!("    {:?} = \"\"\n", spelled(table.name()))).collect();
    format!(
        "{count} cannot be told, so nothing was written. Answer at a terminal, or in tenant.toml, with \"tenant\", \
         \"tenant via COLUMN\",\n\"shared\" (every tenant reads all of it) or \"left out\":\n\n    [adopt.tables]\n{}",
        lines.concat()
    )
}

fn object(table: &AdoptedTable) -> Value {
    let backfill = match table.whose() {
        Whose::Tenants { backfill: Some(Backfill::Column(column)), .. } => {
            json!({ "column": column })
        }
        Whose::Tenants { backfill: Some(Backfill::Along(key)), .. } => json!({ "along": key }),
        _ => Value::Null,
    };
    let column = match table.whose() {
        Whose::Tenants { column, .. } => json!(column),
        _ => Value::Null,
    };
    json!({
        "table": spelled(table.name()), "whose": whose(table.whose()), "column": column,
        "backfill": backfill, "why": table.why(), "remarks": table.remarks(),
    })
}

fn whose(whose: &Whose) -> &'static str {
    match whose {
        Whose::Tenants { .. } => "tenant",
        Whose::Shared => "shared",
        Whose::LeftOut => "left out",
        _ => "unsure",
    }
}

fn column(whose: &Whose) -> String {
    match whose {
        Whose::Tenants { column, backfill: None } => column.clone(),
        Whose::Tenants { column, .. } => format!("{column}, new"),
        _ => String::new(),
    }
}
