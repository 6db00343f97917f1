//! `adopt watch`: what would be refused, before anything is.

use serde_json::json;
use tenant_cli::{Config, table_name};
use tenant_core::{
    AdoptError, AdoptWatch, Isolation, TableName, TenantTable, WatchReport, WatchedTable,
    WatchedWrite,
};

use super::write::spelled;
use crate::{
    app::App,
    args::{Format, Watch},
    exit::{Answer, Exit, Failure},
    table::{Rows, many, one_line, pretty},
};

pub(super) async fn watch(app: &App, command: &Watch) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let watch = AdoptWatch::new(session);
    let layout = app.layout(&config).await?;
    let home = layout.schema_names().first().map_or("public", String::as_str);
    match command {
        Watch::On { tables, all } => {
            let isolation = isolation(app, &config).await?;
            let tables = if *all {
                let declared = config.tenancy().tenant_tables().iter();
                declared.map(|table| table.table().clone()).collect()
            } else {
                named(tables)?
            };
            on(app, home, &watch.on(&isolation, &tables).await.map_err(failed)?)
        }
        Watch::Report { since, login } => {
            let report = watch.since(since).login(login).report().await.map_err(failed)?;
            said(app, &config, home, &report)
        }
        Watch::Reads => {
            let isolation = isolation(app, &config).await?;
            reads(app, &watch, &isolation).await
        }
        Watch::Off { tables } => {
            watch.off(&named(tables)?).await.map_err(failed)?;
            let what = if tables.is_empty() {
                "Nothing is watched any more, and what was made for it is gone, with what was recorded.\n"
            } else {
                "They are watched no longer; what was recorded of them stays in the report.\n"
            };
            Ok(Answer::done(what))
        }
    }
}

async fn isolation(app: &App, config: &Config) -> Result<Isolation, Failure> {
    if config.tenancy().tenant_tables().is_empty() {
        return Err(Failure::usage(format!(
            "{} declares no tenant tables yet: `tenant adopt` finds them and writes them there",
            app.config_path().display()
        )));
    }
    Ok(config.isolation(app.database(config).await?)?)
}

fn named(tables: &[String]) -> Result<Vec<TableName>, Failure> {
    tables.iter().map(|name| table_name(name).map_err(Failure::usage)).collect()
}

/// What is wrong with what was asked is not the database's refusal.
fn failed(error: AdoptError) -> Failure {
    match error {
        AdoptError::Watch { why } => Failure::usage(why),
        error => error.into(),
    }
}

fn on(app: &App, home: &str, tables: &[WatchedTable]) -> Result<Answer, Failure> {
    let mut rows = Rows::new(["table", "tenant_by", "since"]);
    for table in tables {
        rows.push([
            json!(name(home, &table.schema, &table.table)),
            json!(table.found_by),
            json!(table.since),
        ]);
    }
    rows.say(
        "Nothing is refused. Let the application run, then `tenant adopt watch report`; `tenant adopt watch off` \
         before the walls go up.\n",
    );
    rows.answer(app)
}

fn said(app: &App, config: &Config, home: &str, report: &WatchReport) -> Result<Answer, Failure> {
    let anything = !report.writes.is_empty() || report.is_full;
    if app.format() == Format::Json {
        return Ok(Answer::found(pretty(report)?, anything));
    }
    let mut rows =
        Rows::new(["table", "write", "why", "times", "rows", "by", "last seen", "query"]);
    for write in &report.writes {
        rows.push([
            json!(name(home, &write.schema, &write.table)),
            json!(write.operation),
            json!(write.reason),
            json!(times(write)),
            json!(write.rows),
            json!(by(write)),
            json!(write.last_seen),
            json!(if write.query.is_empty() { "(not kept)" } else { &write.query }),
        ]);
    }
    rows.say(&summary(config, home, report));
    let mut answer = rows.answer(app)?;
    answer.exit = if anything { Exit::Found } else { Exit::Done };
    Ok(answer)
}

fn times(write: &WatchedWrite) -> String {
    let more = if write.cut_off > 0 { " or more" } else { "" };
    format!("{}{more}", write.statements)
}

/// The login, the role if it is another, and what the connection calls itself.
fn by(write: &WatchedWrite) -> String {
    let mut by = write.login.clone();
    if write.role != write.login {
        by = format!("{by} as {}", write.role);
    }
    if !write.application.is_empty() {
        by = format!("{by}, {}", write.application);
    }
    by
}

fn summary(config: &Config, home: &str, report: &WatchReport) -> String {
    let statements: i64 = report.writes.iter().map(|write| write.statements).sum();
    let statements = many(usize::try_from(statements).unwrap_or(usize::MAX), "statement");
    let mut text = match report.writes.len() {
        0 => "Nothing that was seen would have been refused.\n".to_owned(),
        _ => format!("{statements} would have been refused, or would have found fewer rows.\n"),
    };
    if report.is_full {
        text.push_str(
            "The log was full: what came last was not recorded. It has room again now.\n",
        );
    }
    let watched: Vec<String> =
        report.tables.iter().map(|table| name(home, &table.schema, &table.table)).collect();
    let mut line = |what: &str, tables: &[String]| {
        if !tables.is_empty() {
            text.push_str(&one_line(&format!("{what}: {}.", tables.join(", "))));
            text.push('\n');
        }
    };
    line("Watched", &watched);
    let declared = config.tenancy().tenant_tables().iter().map(TenantTable::table);
    let others = declared.map(|table| name(home, table.schema().unwrap_or(home), table.name()));
    let others: Vec<String> = others.filter(|name| !watched.contains(name)).collect();
    line("Not watched", &others);
    text
}

/// As `tenant.toml` has it.
fn name(home: &str, schema: &str, table: &str) -> String {
    let named = TableName::new(table)
        .and_then(|name| if schema == home { Ok(name) } else { name.in_schema(schema) });
    named.map_or_else(|_| table.to_owned(), |name| spelled(&name))
}

async fn reads(
    app: &App,
    watch: &AdoptWatch<'_, crate::session::PgSession>,
    isolation: &Isolation,
) -> Result<Answer, Failure> {
    let Some(reads) = watch.reads(isolation).await.map_err(failed)? else {
        return Err(Failure::refused(
            "pg_stat_statements is not there, and nothing else knows what is read: `CREATE EXTENSION \
             pg_stat_statements` on a server that has it in shared_preload_libraries",
        ));
    };
    let mut rows = Rows::new(["table", "calls", "query"]);
    for read in &reads {
        let query = if read.query.is_empty() { "(not kept)" } else { &read.query };
        rows.push([json!(read.table), json!(read.calls), json!(query)]);
    }
    rows.say(
        "Look at each: these name no column that holds a tenant. Whether their transactions had set one, nobody \
         recorded; a query that names the column may still get another tenant's id.\n",
    );
    rows.answer(app)
}
