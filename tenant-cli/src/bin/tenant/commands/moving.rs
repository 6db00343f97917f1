//! `tenants move`: elsewhere, while the tenant works.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tenant_core::{
    Move, MoveError, MoveSessions, MoveStep, Moved, Placement, SqlSession as _, TenantId,
};

use super::show::place;
use crate::{
    app::App,
    args::{self, Format},
    exit::{Answer, Failure},
    interrupt::Grace,
    placement,
    session::PgSession,
    table::{many, pretty},
};

/// A move that is not at its end, as the registry has it.
struct Begun {
    step: MoveStep,
    from: Placement,
    to: Placement,
}

pub(super) async fn run(app: &App, args: &args::Move) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let asked = args.to.as_deref().map(placement::read).transpose()?;
    let (id, slug) = app.tenant(&config, &args.which.tenant).await?;
    let session = app.session(&config).await?;
    let begun = begun(session, &id).await?;
    let (from, to) = match (asked, &begun) {
        (Some(to), Some(begun)) => (begun.from.clone(), to),
        (Some(to), None) => (lives(session, &id).await?, to),
        (None, Some(begun)) => (begun.from.clone(), begun.to.clone()),
        (None, None) if args.cancel => return Err(MoveError::NotBegun(id).into()),
        (None, None) => {
            return Err(Failure::usage(format!(
                "no move of {slug} has begun, so say where it goes, such as `--to schema:NAME`"
            )));
        }
    };
    // Where it is interrupted, the move lets the tenant write again by itself.
    let grace = Grace::default();
    let registry = app.another_session(&config).await?.with_grace(&grace);
    let source = app.other_session(&config, from.database_name()).await?;
    let source = source.map(|session| session.with_grace(&grace));
    let target = app.other_session(&config, to.database_name()).await?;
    let target = target.map(|session| session.with_grace(&grace));
    let sessions = MoveSessions {
        registry: &registry,
        source: source.as_ref().unwrap_or(&registry),
        target: target.as_ref().unwrap_or(&registry),
    };
    let work = Move::new(config.tenancy(), id, to.clone()).layout(&app.layout(&config).await?);
    let again = format!(
        "`tenant tenants move {slug} --reason WHY` goes on from there; with `--cancel` before it \
         has switched, {slug} stays where it lives"
    );
    if args.cancel {
        app.if_interrupted(&again);
        work.cancel(sessions, &actor, &args.why.reason).await.map_err(|error| {
            // Nothing was done where there is nothing to cancel.
            let hint = !matches!(error, MoveError::Switched { .. } | MoveError::Busy(_));
            said_again(app, error.into(), hint, &again)
        })?;
        return Ok(Answer::done(format!("{slug} stays in {from}.\n")));
    }
    let has_begun = Arc::new(AtomicBool::new(begun.is_some()));
    if let Some(begun) = &begun {
        app.if_interrupted(&again);
        let to = placement::typed(&begun.to);
        let step = begun.step;
        app.screen.remark(&format!("going on with its move to {to}, whose last step is `{step}`"));
    }
    let (told, note) = (Arc::clone(&has_begun), again.clone());
    let (screen, steps) = (app.screen.clone(), app.steps.clone());
    let moved = work
        .keep_source(args.keep_source)
        .freeze_within(args.freeze_within)
        .report(app.screen.reporter())
        .on_step(move |step| {
            told.store(true, Ordering::SeqCst);
            steps.note(&note);
            screen.clear();
            screen.remark(meaning(step));
        })
        .run(sessions, &actor, &args.why.reason)
        .await;
    app.screen.clear();
    match moved {
        Ok(moved) => said(app, &slug, &moved),
        Err(error) => {
            let hint = has_begun.load(Ordering::SeqCst)
                && !matches!(error, MoveError::OtherMove { .. } | MoveError::Busy(_));
            Err(said_again(app, error.into(), hint, &again))
        }
    }
}

/// With what to do next, unless that is said anyway.
fn said_again(app: &App, failure: Failure, hint: bool, again: &str) -> Failure {
    if hint && !app.interrupt.is_over() { failure.and(again) } else { failure }
}

async fn begun(session: &PgSession, id: &TenantId) -> Result<Option<Begun>, Failure> {
    let sql = "SELECT m.step, m.from_placement, m.from_database, m.from_schema, \
               m.to_placement AS placement, m.to_database AS database, m.to_schema AS schema \
               FROM tenancy.moves AS m WHERE m.tenant_id::text = $1";
    let rows = session.rows(sql, &[&id.to_string()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut from = tenant_core::JsonRow::new();
    for name in ["placement", "database", "schema"] {
        from.insert(name.to_owned(), row.get(&format!("from_{name}")).cloned().unwrap_or_default());
    }
    let step = serde_json::from_value(row.get("step").cloned().unwrap_or_default())?;
    Ok(Some(Begun { step, from: place(&from)?, to: place(row)? }))
}

/// Where the registry says that it lives.
pub(super) async fn lives(session: &PgSession, id: &TenantId) -> Result<Placement, Failure> {
    let sql =
        "SELECT t.placement, t.database, t.schema FROM tenancy.tenants AS t WHERE t.id::text = $1";
    let rows = session.rows(sql, &[&id.to_string()]).await?;
    let row = rows.first().ok_or_else(|| MoveError::Unknown(id.clone()))?;
    place(row)
}

/// What a step means for the tenant.
fn meaning(step: MoveStep) -> &'static str {
    match step {
        MoveStep::Begun => "1/5 begun: the tenant works where it lives",
        MoveStep::Copied => "2/5 copied: its rows are in both places",
        MoveStep::Frozen => "3/5 frozen: its writes are refused for a moment",
        MoveStep::Switched => {
            "4/5 switched: it lives in the new place; the old rows are kept for a while"
        }
        MoveStep::Erased => "5/5 erased: nothing is left in the old place",
        _ => "another step is done",
    }
}

fn said(app: &App, slug: &str, moved: &Moved) -> Result<Answer, Failure> {
    let refused = moved.writes_refused.as_secs_f64();
    if app.format() == Format::Json {
        let tables = serde_json::to_value(&moved.tables)?;
        return Ok(Answer::done(pretty(&json!({
            "tenant": moved.tenant.to_string(), "from": moved.from, "to": moved.to,
            "tables": tables, "writes_refused_seconds": refused,
        }))?));
    }
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    app.screen.remark(&format!("its writes were refused for {refused:.3} s"));
    Ok(Answer::done(format!(
        "{slug} lives in {}: {rows} rows of {}.\n",
        moved.to,
        many(moved.tables.len(), "table")
    )))
}
