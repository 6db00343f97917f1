//! What became of each place, as a table.

use serde_json::{Value, json};
use tenant_core::{
    MigrationOutcome, MigrationRecord, MigrationResult, MigrationsReport, TargetStatus,
};

use crate::{
    app::App,
    args::Format,
    exit::{Answer, Exit, Failure},
    table::{Rows, many, pretty},
    words::words,
};

/// The log, a row for each place; found where something is open.
pub(super) fn status(app: &App, all: &[TargetStatus]) -> Result<Answer, Failure> {
    let open = all.iter().filter(|place| !place.open.is_empty()).count();
    let mut answer = if app.format() == Format::Json {
        Answer::done(pretty(&all)?)
    } else {
        let mut rows = Rows::new(["place", "tenant", "done", "last", "not done"]);
        for one in all {
            let open = one.open.iter().map(|record| {
                format!("{}: {}{}", record.migration, state(record), said(record.error.as_deref()))
            });
            rows.push([
                json!(place(&one.database, one.schema.as_deref())),
                json!(one.tenant),
                json!(one.done),
                json!(one.last),
                json!(open.collect::<Vec<_>>().join("; ")),
            ]);
        }
        rows.summary = match (all.len(), open) {
            (0, _) => "The log knows no place: no run has made it yet.".to_owned(),
            (n, 0) => format!("{}; nothing was left half-way.", many(n, "place")),
            (n, open) => format!("{}; in {open} something is not done.", many(n, "place")),
        };
        rows.answer(app)?
    };
    if open > 0 {
        answer.exit = Exit::Found;
    }
    Ok(answer)
}

/// The log of one place, a row for each migration.
pub(super) fn records(app: &App, all: &[MigrationRecord]) -> Result<Answer, Failure> {
    let mut rows = Rows::new(["migration", "state", "started", "finished", "who", "error"]);
    for one in all {
        rows.push([
            json!(one.migration),
            json!(one.state),
            json!(one.started),
            json!(one.finished),
            json!(one.who),
            json!(one.error),
        ]);
    }
    rows.summary = match all.len() {
        0 => "The log does not know this place; `tenant migrate status` shows those it does."
            .to_owned(),
        n => many(n, "migration") + ".",
    };
    rows.answer(app)
}

/// What a run did, or would do. Places that lacked nothing are counted and not listed.
pub(super) fn report(app: &App, report: &MigrationsReport) -> Result<Answer, Failure> {
    let text = if app.format() == Format::Json {
        pretty(report)?
    } else {
        let mut rows = Rows::new(["place", "tenant", "result", "migrations", "why"]);
        let mut outcomes: Vec<&MigrationOutcome> = report.outcomes.iter().collect();
        outcomes.sort_by_cached_key(|outcome| outcome.target.to_string());
        for outcome in outcomes {
            if let Some([result, migrations, why]) = row(&outcome.result) {
                let tenant = outcome.target.tenant.as_ref().map(ToString::to_string);
                rows.push([
                    json!(outcome.target.to_string()),
                    json!(tenant),
                    result,
                    migrations,
                    why,
                ]);
            }
        }
        rows.summary = summary(report);
        rows.answer(app)?.text
    };
    let exit = match report.undone().next() {
        None => Exit::Done,
        Some(_) if report.failed().next().is_some() => Exit::Refused,
        Some(_) => Exit::Found,
    };
    Ok(Answer { text, exit })
}

fn row(result: &MigrationResult) -> Option<[Value; 3]> {
    let names = |names: &[String]| json!(names.join(", "));
    Some(match result {
        MigrationResult::UpToDate => return None,
        MigrationResult::Migrated { applied } => [json!("migrated"), names(applied), json!("")],
        MigrationResult::Pending { migrations } => [json!("lacks"), names(migrations), json!("")],
        MigrationResult::Failed { applied, migration, unclear, error } => {
            let result = if *unclear { "failed, unclear" } else { "failed" };
            let done = names(applied);
            let at = migration.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            [json!(result), done, json!(format!("{at}{}", words(error)))]
        }
        MigrationResult::NotStarted => [json!("not begun"), json!(""), json!("")],
        _ => [json!("unknown"), json!(""), json!("")],
    })
}

fn summary(report: &MigrationsReport) -> String {
    let count = |is: fn(&MigrationResult) -> bool| {
        report.outcomes.iter().filter(|outcome| is(&outcome.result)).count()
    };
    let mut parts = Vec::new();
    for (n, what) in [
        (count(|r| matches!(r, MigrationResult::Migrated { .. })), "migrated"),
        (count(|r| matches!(r, MigrationResult::UpToDate)), "had everything"),
        (count(|r| matches!(r, MigrationResult::Pending { .. })), "lack something"),
        (count(|r| matches!(r, MigrationResult::Failed { .. })), "failed"),
        (count(|r| matches!(r, MigrationResult::NotStarted)), "not begun"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    let places = many(report.outcomes.len(), "place");
    let stopped =
        report.stopped.as_ref().map(|why| format!(" Stopped: {why}.")).unwrap_or_default();
    let failed = report.failed().next().is_some();
    let next =
        if failed { " Mend what it says, and run it again: it goes on from there." } else { "" };
    format!("{places}: {}.{stopped}{next}", parts.join(", "))
}

fn place(database: &str, schema: Option<&str>) -> String {
    schema.map_or_else(|| database.to_owned(), |schema| format!("{database}/{schema}"))
}

fn state(record: &MigrationRecord) -> String {
    json!(record.state).as_str().unwrap_or_default().to_owned()
}

fn said(error: Option<&str>) -> String {
    error.map(|error| format!(", {}", words(error))).unwrap_or_default()
}
