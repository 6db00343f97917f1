//! `quota`.

use serde_json::json;
use tenant_cli::Config;
use tenant_core::{Per, Quota, QuotaFor, Quotas};

use super::audit::record;
use crate::{
    app::App,
    args::{self, Period, QuotaName, Whom},
    exit::{Answer, Failure},
    table::Rows,
};

/// What has happened where the log cannot be written.
const CHANGED: &str = "the limit is changed";

pub(super) async fn run(app: &App, command: args::Quota) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let quotas = Quotas::new(session);
    match command {
        args::Quota::List => {
            let mut rows = Rows::new(["quota", "plan", "tenant", "max", "per"]);
            for limit in quotas.list().await? {
                rows.push([
                    json!(limit.name),
                    json!(limit.plan),
                    json!(limit.tenant),
                    json!(limit.max),
                    json!(limit.per),
                ]);
            }
            rows.say("A tenant's own limit comes before its plan's, and that before everybody's.");
            rows.answer(app)
        }
        args::Quota::Usage { which, quota } => {
            let quota = named(app, &config, &quota).await?;
            let (id, slug) = app.tenant(&config, &which.tenant).await?;
            let usage = quotas.usage(&quota, &id).await?;
            let mut rows = Rows::new(["tenant", "quota", "used", "max", "left", "resets"]);
            rows.push([
                json!(slug),
                json!(quota.name()),
                json!(usage.used),
                json!(usage.max),
                json!(usage.left()),
                json!(usage.resets),
            ]);
            rows.answer(app)
        }
        args::Quota::Set { quota, max, per, whom } => {
            let actor = app.actor()?;
            let quota = named(app, &config, &quota).await?;
            let (whom, words) = whose(app, &config, &whom).await?;
            let per = match per {
                Period::Ever => Per::Ever,
                Period::Hour => Per::Hour,
                Period::Day => Per::Day,
                Period::Month => Per::Month,
            };
            quotas.set(&quota, &whom, max, per).await?;
            let detail = json!({ "quota": quota.name(), "for": words, "max": max, "per": per });
            record(session, &actor, "quota_set", detail, CHANGED).await?;
            Ok(Answer::done(format!("{quota}: {max} ({per}) for {words}.\n")))
        }
        args::Quota::Lift { quota, whom } => {
            let actor = app.actor()?;
            let quota = named(app, &config, &quota).await?;
            let (whom, words) = whose(app, &config, &whom).await?;
            if !quotas.lift(&quota, &whom).await? {
                return Err(Failure::refused(format!(
                    "{quota} has no limit for {words}; `tenant quota list` shows them all"
                )));
            }
            let detail = json!({ "quota": quota.name(), "for": words });
            record(session, &actor, "quota_lifted", detail, CHANGED).await?;
            Ok(Answer::done(format!("{quota} has no limit for {words} any more.\n")))
        }
    }
}

async fn named(app: &App, config: &Config, args: &QuotaName) -> Result<Quota, Failure> {
    if let Some(table) = &args.rows {
        let table = tenant_cli::table_name(table).map_err(Failure::usage)?;
        let layout = app.layout(config).await?;
        let home = layout.schema_names().first().map_or("public", String::as_str);
        let table = if table.schema().is_some() { table } else { table.in_schema(home)? };
        return Ok(Quota::rows(&table));
    }
    Ok(Quota::counter(args.counter.clone().unwrap_or_default()))
}

async fn whose(app: &App, config: &Config, whom: &Whom) -> Result<(QuotaFor, String), Failure> {
    if let Some(plan) = &whom.plan {
        return Ok((QuotaFor::Plan(plan.clone()), format!("the plan {plan}")));
    }
    let Some(tenant) = &whom.tenant else {
        return Ok((QuotaFor::Everybody, "everybody".to_owned()));
    };
    let (id, slug) = app.tenant(config, tenant).await?;
    Ok((QuotaFor::Tenant(id), slug))
}
