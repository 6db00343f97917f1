//! `doctor`: all checks on one page.

use serde::Serialize;
use tenant_cli::Config;
use tenant_core::{AuditLog, Error, Report, SealKeys, Severity, SqlSession as _};

use crate::{
    app::{self, App},
    args::{Doctor, Format},
    exit::{Answer, Exit, Failure},
    page::{self, Page},
    reports,
    table::{many, pretty},
    words::words,
};

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Good,
    /// Not looked at, or no danger yet.
    Unsure,
    Bad,
}

/// One line of the page, and what stands below it.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) state: State,
    pub(crate) question: &'static str,
    pub(crate) answer: String,
    pub(crate) details: Vec<String>,
}

pub(super) async fn doctor(app: &App, args: &Doctor) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let database = app.database(&config).await?.to_owned();
    let about = "SELECT current_user::text AS login, current_setting('server_version') AS version, \
                 to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at";
    let about = session.rows(about, &[]).await?.pop().unwrap_or_default();
    let (mut merged, mut checks) = (Report::default(), Vec::new());
    checks.push(installed(app, &config, &database).await);
    checks.push(unchanged(app, &config, &database).await);
    checks.push(linted(app, &config, &database, args, &mut merged).await);
    checks.push(probed(app, &config, args, &mut merged).await);
    checks.push(recorded(app, &config).await);
    if config.layout(&database)?.binding_kind().is_sealed() {
        checks.push(sealed(app, &config).await);
    }
    checks.push(counted(app, &config).await);
    let page = Page {
        database,
        login: app::text(&about, "login"),
        server: app::text(&about, "version"),
        at: app::text(&about, "at"),
        checks,
    };
    let text = match app.format() {
        Format::Table => page.people(),
        Format::Json => pretty(&page.json())?,
        Format::Markdown => page.markdown(),
        Format::Html => page::html(&page),
        Format::Sarif => pretty(&merged.sarif())?,
    };
    let limit = if args.fail_on.severity() == Severity::Error { State::Bad } else { State::Unsure };
    let exit = if page.worst() >= limit { Exit::Found } else { Exit::Done };
    Ok(Answer { text, exit })
}

/// A check that could not be made says why, and is no good news.
fn check(question: &'static str, made: Result<(State, String, Vec<String>), Failure>) -> Check {
    match made {
        Ok((state, answer, details)) => Check { state, question, answer, details },
        Err(failure) => Check {
            state: State::Unsure,
            question,
            answer: "could not be looked at".to_owned(),
            details: vec![failure.to_string()],
        },
    }
}

async fn installed(app: &App, config: &Config, database: &str) -> Check {
    let made = async {
        let plan = config.isolation(database)?.plan(app.session(config).await?).await?;
        Ok(match plan.steps.len() {
            0 => (State::Good, "yes, for every declared table".to_owned(), plan.notes),
            n => {
                let titles = plan.steps.into_iter().map(|step| step.title).collect();
                (State::Bad, format!("no, {} missing: `tenant plan`", many(n, "step")), titles)
            }
        })
    };
    check("Is the isolation installed?", made.await)
}

async fn unchanged(app: &App, config: &Config, database: &str) -> Check {
    let made = async {
        let found = config.isolation(database)?.diff(app.session(config).await?).await?;
        Ok(match found.len() {
            0 => (State::Good, "yes".to_owned(), Vec::new()),
            n => {
                let details = found.iter().map(|one| words(&one.to_string())).collect();
                (State::Bad, format!("no, {} changed: `tenant diff`", many(n, "thing")), details)
            }
        })
    };
    check("Is it as it was installed?", made.await)
}

async fn linted(
    app: &App,
    config: &Config,
    database: &str,
    args: &Doctor,
    merged: &mut Report,
) -> Check {
    let made = async {
        let report = config.lint(database)?.run(app.session(config).await?).await?;
        let judged = judged(&report, args);
        merged.findings.extend(report.findings);
        merged.suppressed.extend(report.suppressed);
        Ok(judged)
    };
    check("Does the database's catalogue have holes?", made.await)
}

async fn probed(app: &App, config: &Config, args: &Doctor, merged: &mut Report) -> Check {
    let made = async {
        let session = app.app_session(config).await?;
        let report = config.probe(&app::database(&session).await?)?.run(&session).await?;
        let judged = judged(&report, args);
        merged.findings.extend(report.findings);
        merged.attempts.extend(report.attempts);
        Ok(judged)
    };
    check("Can a tenant get at another's rows?", made.await)
}

fn judged(report: &Report, args: &Doctor) -> (State, String, Vec<String>) {
    let state = if report.at_least(Severity::Error).next().is_some() || reports::leaks(report) > 0 {
        State::Bad
    } else if reports::is_bad(report, args.fail_on) {
        State::Unsure
    } else {
        State::Good
    };
    let details = report.findings.iter().map(|f| format!("{} {}: {}", f.code, f.object, f.found));
    (state, reports::summary(report), details.collect())
}

async fn recorded(app: &App, config: &Config) -> Check {
    let made = async {
        match AuditLog::new(app.session(config).await?).verify(None).await {
            Ok(head) => Ok((State::Good, format!("yes, all {} records", head.id), Vec::new())),
            Err(error @ Error::Audit { .. }) => {
                Ok((State::Bad, "no".to_owned(), vec![error.to_string()]))
            }
            Err(error) => Err(error.into()),
        }
    };
    check("Is the audit log as it was written?", made.await)
}

async fn sealed(app: &App, config: &Config) -> Check {
    let made = async {
        let keys = SealKeys::new(app.session(config).await?).list().await?;
        let names =
            keys.iter().map(|key| format!("{} since {}", key.name, key.created_at)).collect();
        Ok(match keys.len() {
            0 => (State::Bad, "none, so no transaction can be opened".to_owned(), names),
            1 => (State::Good, "one".to_owned(), names),
            n => (State::Unsure, format!("{n}: a rotation that is not finished"), names),
        })
    };
    check("Which keys seal transactions?", made.await)
}

async fn counted(app: &App, config: &Config) -> Check {
    let made = async {
        let sql = "SELECT t.status, count(*)::text AS n FROM tenancy.tenants AS t GROUP BY t.status ORDER BY t.status";
        let rows = app.session(config).await?.rows(sql, &[]).await?;
        let counts: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", app::text(row, "n"), app::text(row, "status")))
            .collect();
        let answer = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        Ok((State::Good, answer, Vec::new()))
    };
    check("How many tenants are there?", made.await)
}
