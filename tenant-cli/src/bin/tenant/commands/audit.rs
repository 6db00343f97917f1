//! `audit`.

use serde_json::{Value, json};
use tenant_core::{AuditEvent, AuditHead, AuditLog, AuditRecord, Error};

use crate::{
    app::App,
    args::{self, Format},
    exit::{Answer, Failure},
    session::PgSession,
    table::{Rows, pretty},
};

pub(super) async fn run(app: &App, command: args::Audit) -> Result<Answer, Failure> {
    let config = app.config()?;
    match command {
        args::Audit::Verify { since } => {
            let since = since.as_deref().map(head).transpose()?;
            let log = AuditLog::new(app.session(&config).await?);
            let head = match log.verify(since.as_ref()).await {
                Ok(head) => head,
                Err(error @ Error::Audit { .. }) => {
                    return Ok(Answer::found(format!("{error}\n"), true));
                }
                Err(error) => return Err(error.into()),
            };
            if app.format() == Format::Json {
                return Ok(Answer::done(pretty(&head)?));
            }
            app.screen.remark("Keep this elsewhere, and give it to the next run with `--since`:");
            Ok(Answer::done(format!("{}:{}\n", head.id, head.hash)))
        }
        args::Audit::List { after, limit } => {
            let entries = AuditLog::new(app.session(&config).await?).entries(after, limit).await?;
            let mut rows =
                Rows::new(["id", "at", "event", "tenant", "actor", "reason", "detail", "login"]);
            for entry in &entries {
                rows.push([
                    json!(entry.id),
                    json!(entry.at),
                    json!(entry.event),
                    json!(entry.tenant),
                    json!(entry.actor),
                    json!(entry.reason),
                    json!(entry.detail),
                    json!(entry.login),
                ]);
            }
            rows.summary = match entries.last() {
                Some(last) if entries.len() == limit => format!("More: `--after {}`.", last.id),
                Some(_) => "That is the end of the log.".to_owned(),
                None => "There are no records.".to_owned(),
            };
            rows.answer(app)
        }
    }
}

/// Writes down what core has no call for that does so itself. `done` is what has happened already.
pub(super) async fn record(
    session: &PgSession,
    actor: &str,
    event: &'static str,
    detail: Value,
    done: &str,
) -> Result<(), Failure> {
    let record = AuditRecord::new(AuditEvent::Other(event.into()), actor).detail(detail);
    let written = AuditLog::new(session).record(&record).await;
    let untold = format!("{done}; the audit log does not tell of it");
    written.map(drop).map_err(|error| Failure::from(error).and(&untold))
}

fn head(text: &str) -> Result<AuditHead, Failure> {
    let wrong = || {
        Failure::usage("`--since` wants what an earlier `tenant audit verify` printed: `id:hash`")
    };
    let (id, hash) = text.trim().split_once(':').ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let id = id.parse().ok().filter(|id| *id > 0 && is_hash).ok_or_else(wrong)?;
    Ok(AuditHead { id, hash: hash.to_owned() })
}
