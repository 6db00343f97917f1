//! `plan`, `apply` and `diff`.

use serde_json::{Value, json};
use tenant_core::{AuditEvent, AuditLog, AuditRecord, Difference, Phase};

use crate::{
    app::App,
    args::{Apply, Format, Plan},
    exit::{Answer, Exit, Failure},
    prompt::sure,
    table::{Rows, many, pretty},
    words::words,
};

pub(super) async fn plan(app: &App, args: &Plan) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let plan = config.isolation(app.database(&config).await?)?.plan(session).await?;
    if args.down {
        return Ok(Answer::done(plan.down));
    }
    Ok(Answer::done(shown(app.format(), &plan)?))
}

fn shown(format: Format, plan: &tenant_core::Plan) -> Result<String, Failure> {
    Ok(match format {
        Format::Json => pretty(&json(plan))?,
        Format::Markdown => format!("```sql\n{plan}```\n"),
        _ => plan.to_string(),
    })
}

fn json(plan: &tenant_core::Plan) -> Value {
    let steps = plan.steps.iter().map(|step| {
        json!({
            "title": step.title, "phase": phase(step.phase), "alone": step.is_alone(),
            "locks": step.locks, "sql": step.sql,
        })
    });
    json!({ "steps": steps.collect::<Value>(), "notes": plan.notes })
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        _ => "enforce",
    }
}

pub(super) async fn apply(app: &App, args: &Apply) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let session = app.session(&config).await?;
    let mut plan = config.isolation(app.database(&config).await?)?.plan(session).await?;
    if args.prepare_only {
        plan.steps.retain(|step| step.phase == Phase::Prepare);
    }
    if args.sure.dry_run {
        return Ok(Answer::done(shown(app.format(), &plan)?));
    }
    if plan.is_empty() && args.prepare_only {
        return Ok(Answer::done("Nothing is left to prepare, so nothing was done.\n"));
    }
    if plan.is_empty() {
        return Ok(Answer::done("Nothing is missing, so nothing was done.\n"));
    }
    let enforced = plan.steps.iter().filter(|step| step.phase != Phase::Prepare).count();
    if enforced > 0 {
        list(app, &plan);
        let what = format!(
            "{enforced} of {} steps put up row security, policies and grants: from then on a transaction \
             without a tenant is refused",
            plan.steps.len()
        );
        sure(app, args.sure.yes, &what, "apply").await?;
    }
    let done = plan.run(session).await;
    app.screen.clear();
    done?;
    app.steps.end();
    let record = AuditRecord::new(AuditEvent::Other("isolation_applied".into()), actor)
        .detail(json!({ "steps": plan.steps.len(), "enforced": enforced }));
    // Where only columns and keys were prepared there may be no log yet.
    if let Err(error) = AuditLog::new(session).record(&record).await
        && enforced > 0
    {
        return Err(
            Failure::from(error).and("the steps are done; the audit log does not tell of them")
        );
    }
    let notes: Vec<String> = plan.notes.iter().map(|note| format!("Note: {note}\n")).collect();
    Ok(Answer::done(format!("{} done.\n{}", many(plan.steps.len(), "step"), notes.concat())))
}

/// What is about to be done, for whoever is asked.
fn list(app: &App, plan: &tenant_core::Plan) {
    let mut text = String::new();
    for (number, step) in (1..).zip(&plan.steps) {
        text.push_str(&format!("{number:>4}. {} ({})\n", step.title, phase(step.phase)));
    }
    app.screen.remark(text.trim_end());
}

pub(super) async fn diff(app: &App) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let found = config.isolation(app.database(&config).await?)?.diff(session).await?;
    let mut answer = rows(&found).answer(app)?;
    if !found.is_empty() {
        answer.exit = Exit::Found;
    }
    Ok(answer)
}

fn rows(found: &[Difference]) -> Rows {
    let mut rows = Rows::new(["kind", "object", "found", "expected", "mend"]);
    for one in found {
        rows.push([
            json!(one.kind),
            json!(one.object),
            json!(one.found),
            json!(one.expected),
            json!(one.mend.as_deref().map(words)),
        ]);
    }
    rows.summary = match found.len() {
        0 => "Everything is as it was installed.".to_owned(),
        n => format!("{} from what was installed.", many(n, "difference")),
    };
    rows
}
