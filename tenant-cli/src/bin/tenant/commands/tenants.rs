//! `tenants`: listed, made and changed. What has files is in `files`, the end in `erase`.

use serde_json::{Value, json};
use tenant_cli::Config;
use tenant_core::{NewTenant, SqlSession as _, TenantId, TenantRecord, Tenants};

use super::{erase, files};
use crate::{
    app::App,
    args::{self, Create, Format, Rename, Status, Which, Why},
    exit::{Answer, Failure},
    session::PgSession,
    table::{Rows, many, one_line, pretty},
};

pub(super) async fn run(app: &App, command: args::Tenants) -> Result<Answer, Failure> {
    match command {
        args::Tenants::List { status } => list(app, status).await,
        args::Tenants::Create(new) => create(app, new).await,
        args::Tenants::Suspend { which, why } => {
            change(app, &which, &why, "suspended", async |tenants, id, why| {
                tenants.suspend(id, why).await
            })
            .await
        }
        args::Tenants::Resume { which, why } => {
            change(app, &which, &why, "active again", async |tenants, id, why| {
                tenants.resume(id, why).await
            })
            .await
        }
        args::Tenants::Rename(rename) => renamed(app, &rename).await,
        args::Tenants::Export(export) => files::export(app, &export).await,
        args::Tenants::Import(import) => files::import(app, &import).await,
        args::Tenants::Erase(erase) => erase::erase(app, &erase).await,
    }
}

async fn list(app: &App, status: Option<Status>) -> Result<Answer, Failure> {
    let config = app.config()?;
    let status = status.map(|status| format!("{status:?}").to_lowercase()).unwrap_or_default();
    let sql = "SELECT t.id::text AS id, t.slug, t.name, t.status, t.plan, t.legal_hold \
               FROM tenancy.tenants AS t WHERE $1 IN ('', t.status) ORDER BY t.slug";
    let found = app.session(&config).await?.rows(sql, &[&status]).await?;
    let mut rows = Rows::new(["slug", "id", "name", "status", "plan", "legal_hold"]);
    for row in &found {
        let at = |column| row.get(column).cloned().unwrap_or(Value::Null);
        rows.push(["slug", "id", "name", "status", "plan", "legal_hold"].map(at));
    }
    rows.summary = many(found.len(), "tenant") + ".";
    rows.answer(app)
}

fn tenants<'s>(
    app: &App,
    config: &Config,
    session: &'s PgSession,
) -> Result<Tenants<'s, PgSession>, Failure> {
    Ok(Tenants::new(session, config.tenancy().key(), app.actor()?).slugs(config.slugs()))
}

async fn create(app: &App, args: Create) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let mut new = NewTenant::new(&args.slug, args.name.as_deref().unwrap_or(&args.slug));
    if let Some(id) = &args.id {
        let id = config.tenancy().key().parse(id).map_err(|e| Failure::usage(e.to_string()))?;
        new = new.id(id);
    }
    if let Some(plan) = args.plan {
        new = new.plan(plan);
    }
    if let Some(user) = args.administrator {
        new = new.administrator(user);
    }
    if let Some(key) = args.idempotency_key {
        new = new.idempotency_key(key);
    }
    if let Some(reason) = args.reason {
        new = new.reason(reason);
    }
    let record = tenants(app, &config, session)?.create(new).await?;
    said(app, &record, "made")
}

async fn change(
    app: &App,
    which: &Which,
    why: &Why,
    what: &str,
    change: impl AsyncFnOnce(
        Tenants<'_, PgSession>,
        &TenantId,
        &str,
    ) -> Result<TenantRecord, tenant_core::TenantsError>,
) -> Result<Answer, Failure> {
    let config = app.config()?;
    let tenants = tenants(app, &config, app.session(&config).await?)?;
    let (id, _) = app.tenant(&config, &which.tenant).await?;
    let record = change(tenants, &id, &why.reason).await?;
    said(app, &record, what)
}

async fn renamed(app: &App, args: &Rename) -> Result<Answer, Failure> {
    let Rename { which, name, slug, plan, no_plan: _, why } = args;
    match (name, slug) {
        (Some(name), _) => {
            change(app, which, why, "renamed", async |t, id, why| t.rename(id, name, why).await)
                .await
        }
        (_, Some(slug)) => {
            change(app, which, why, "renamed", async |t, id, why| {
                t.change_slug(id, slug, why).await
            })
            .await
        }
        _ => {
            let plan = plan.as_deref();
            change(app, which, why, "on another plan", async |t, id, why| {
                t.change_plan(id, plan, why).await
            })
            .await
        }
    }
}

fn said(app: &App, record: &TenantRecord, what: &str) -> Result<Answer, Failure> {
    if app.format() == Format::Json {
        return Ok(Answer::done(pretty(&json!({
            "id": record.id.to_string(), "slug": record.slug, "name": record.name,
            "status": record.status, "plan": record.plan, "epoch": record.epoch,
        }))?));
    }
    let (slug, name) = (&record.slug, one_line(&record.name));
    Ok(Answer::done(format!("{slug} ({name}, {}) is {what}.\n", record.id)))
}
