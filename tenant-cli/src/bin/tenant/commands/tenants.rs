//! `tenants`: listed, made and changed. What has files is in `files`, the end in `erase`.

use serde_json::{Value, json};
use tenant_cli::Config;
use tenant_core::{NewTenant, SqlSession as _, TenantId, TenantRecord, Tenants};

use super::{erase, files, members, moving, show, verify};
use crate::{
    app::App,
    args::{self, Create, Format, Place, Rename, Status, Which, Why},
    exit::{Answer, Failure},
    placement,
    session::PgSession,
    table::{Rows, many, one_line, pretty},
};

pub(super) async fn run(app: &App, command: args::Tenants) -> Result<Answer, Failure> {
    match command {
        args::Tenants::List { status } => list(app, status).await,
        args::Tenants::Create(new) => create(app, new).await,
        args::Tenants::Show { which } => show::show(app, &which).await,
        args::Tenants::Suspend { which, why } => {
            changed(app, &which, &why, "suspended", async |t, id, why| t.suspend(id, why).await)
                .await
        }
        args::Tenants::Resume { which, why } => {
            changed(app, &which, &why, "active again", async |t, id, why| t.resume(id, why).await)
                .await
        }
        args::Tenants::StartMaintenance { which, why } => {
            changed(app, &which, &why, "in maintenance", async |t, id, why| {
                t.start_maintenance(id, why).await
            })
            .await
        }
        args::Tenants::EndMaintenance { which, why } => {
            changed(app, &which, &why, "active again", async |t, id, why| {
                t.end_maintenance(id, why).await
            })
            .await
        }
        args::Tenants::Hold { which, why } => {
            let what = "on legal hold: it is neither erased nor moved until it is released";
            changed(app, &which, &why, what, async |t, id, why| t.legal_hold(id, why).await).await
        }
        args::Tenants::Release { which, why } => {
            let what = "released from legal hold";
            changed(app, &which, &why, what, async |t, id, why| t.release(id, why).await).await
        }
        args::Tenants::Revoke { which, why } => {
            let what = "without the claims and tokens that were made until now";
            changed(app, &which, &why, what, async |t, id, why| t.raise_epoch(id, why).await).await
        }
        args::Tenants::Members(command) => members::run(app, command).await,
        args::Tenants::Move(args) => moving::run(app, &args).await,
        args::Tenants::Place(Place { which, to, why }) => {
            let place = placement::read(&to)?;
            let what = format!("said to live in {place}");
            changed(app, &which, &why, &what, async |t, id, why| t.place(id, &place, why).await)
                .await
        }
        args::Tenants::VerifyExport(args) => verify::export(app, &args),
        args::Tenants::VerifyReceipt(args) => verify::receipt(&args),
        args::Tenants::LiftTombstone(args) => erase::lift_tombstone(app, &args).await,
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

pub(super) fn tenants<'s>(
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
    if let Some(place) = &args.place {
        new = new.placement(placement::read(place)?);
    }
    if let Some(region) = args.region {
        new = new.region(region);
    }
    let tenants = tenants(app, &config, session)?;
    let record =
        if args.spare { tenants.take_spare(new).await? } else { tenants.create(new).await? };
    said(app, &record, "made")
}

async fn changed(
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
            changed(app, which, why, "renamed", async |t, id, why| t.rename(id, name, why).await)
                .await
        }
        (_, Some(slug)) => {
            changed(app, which, why, "renamed", async |t, id, why| {
                t.change_slug(id, slug, why).await
            })
            .await
        }
        _ => {
            let plan = plan.as_deref();
            changed(app, which, why, "on another plan", async |t, id, why| {
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
