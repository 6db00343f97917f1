//! Whatever cannot be told is asked at a terminal, or is in `tenant.toml`.

use std::collections::BTreeMap;

use tenant_cli::{Config, table_name};
use tenant_core::{AdoptError, AdoptedTable, Adoption, Answer, Candidate, TableName};

use super::write::spelled;
use crate::{
    app::App,
    exit::{Exit, Failure},
    prompt::ask,
    screen::Screen,
    session::PgSession,
    table::one_line,
};

/// What was answered beside the file.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) tenants: Option<TableName>,
    pub(super) answers: BTreeMap<TableName, Answer>,
}

/// Reads the database, and asks until nothing is open, or nobody can be asked.
pub(super) async fn told(
    app: &App,
    config: &Config,
    session: &PgSession,
    tenants: Option<TableName>,
) -> Result<(Adoption, Asked), Failure> {
    let mut asked = Asked { tenants, ..Asked::default() };
    loop {
        let mut adopt = config.adopt().clone();
        if let Some(table) = &asked.tenants {
            adopt = adopt.tenants_table(table.clone());
        }
        for (table, answer) in &asked.answers {
            adopt = adopt.answer(table.clone(), answer.clone());
        }
        match adopt.read(session).await {
            Ok(adoption) if adoption.unsure().next().is_none() || !Screen::is_attended() => {
                return Ok((adoption, asked));
            }
            Ok(adoption) => {
                for table in adoption.unsure() {
                    let answer = whose(app, table).await?;
                    asked.answers.insert(table.name().clone(), answer);
                }
            }
            Err(AdoptError::WhichTenants { candidates }) if Screen::is_attended() => {
                asked.tenants = Some(which(app, &candidates).await?);
            }
            Err(error @ AdoptError::WhichTenants { .. }) => {
                let what =
                    "say `--tenants-table`, or `tenants_table` below `[adopt]` in tenant.toml";
                return Err(Failure::new(Exit::Open, format!("{error}; {what}")));
            }
            // An answer from the terminal is asked for again.
            Err(AdoptError::Answer { why }) if !asked.answers.is_empty() => {
                app.screen.remark(&one_line(&why));
                asked.answers.clear();
            }
            Err(AdoptError::Answer { why } | AdoptError::Tenants { why }) => {
                return Err(Failure::usage(why));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn which(app: &App, candidates: &[Candidate]) -> Result<TableName, Failure> {
    for candidate in candidates {
        let line =
            format!("{}: {} tables hang on it", spelled(&candidate.table), candidate.hanging);
        app.screen.remark(&one_line(&line));
    }
    let said = ask(app, "Which table has a row per tenant? ").await?;
    table_name(said.trim()).map_err(Failure::usage)
}

async fn whose(app: &App, table: &AdoptedTable) -> Result<Answer, Failure> {
    app.screen.remark(&one_line(&format!("{}: {}", spelled(table.name()), table.why())));
    loop {
        let question = "  tenant, tenant via COLUMN, shared, left out? ";
        match ask(app, question).await?.parse::<Answer>() {
            Ok(answer) => return Ok(answer),
            Err(error) => app.screen.remark(&one_line(&error.to_string())),
        }
    }
}
