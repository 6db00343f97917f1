//! `key`: rotation with no moment in which anything is refused.

use serde_json::json;
use tenant_core::SealKeys;

use super::audit::record;
use crate::{
    app::App,
    args,
    exit::{Answer, Failure},
    prompt::sure,
    session::PgSession,
    table::Rows,
};

pub(super) async fn run(app: &App, command: args::Key) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor();
    match command {
        args::Key::List => {
            let mut rows = Rows::new(["key", "since"]);
            for key in SealKeys::new(app.session(&config).await?).list().await? {
                rows.push([json!(key.name), json!(key.created_at)]);
            }
            rows.say("A secret is shown by nothing.");
            rows.answer(app)
        }
        args::Key::Rotate { name } => {
            let (actor, key) = (actor?, App::seal_key(&name)?);
            let session = app.session(&config).await?;
            let keys = SealKeys::new(session);
            keys.add(&key).await?;
            recorded(session, &actor, "seal_key_added", &name).await?;
            let old: Vec<String> =
                keys.list().await?.into_iter().map(|key| key.name).filter(|n| *n != name).collect();
            let mut text = format!("{name} is known to the database.\n");
            if !old.is_empty() {
                text.push_str("Now start every instance of the application with it; then:\n");
            }
            for old in old {
                text.push_str(&format!("    tenant key retire {old}\n"));
            }
            Ok(Answer::done(text))
        }
        args::Key::Retire { name, sure: asked } => {
            let actor = actor?;
            let session = app.session(&config).await?;
            if asked.dry_run {
                return Ok(Answer::done(format!("{name} would be taken away.\n")));
            }
            let what = format!("instances that still seal with {name} will be refused");
            sure(app, asked.yes, &what, &name).await?;
            SealKeys::new(session).retire(&name).await?;
            recorded(session, &actor, "seal_key_retired", &name).await?;
            Ok(Answer::done(format!("{name} is taken away.\n")))
        }
        args::Key::RenewDatabase => {
            let actor = actor?;
            let session = app.session(&config).await?;
            SealKeys::new(session).renew_database_key().await?;
            recorded(session, &actor, "database_key_renewed", "").await?;
            Ok(Answer::done("The database has a new key of its own.\n"))
        }
    }
}

async fn recorded(
    session: &PgSession,
    actor: &str,
    event: &'static str,
    name: &str,
) -> Result<(), Failure> {
    record(session, actor, event, json!({ "key": name }), "the key is changed").await
}
