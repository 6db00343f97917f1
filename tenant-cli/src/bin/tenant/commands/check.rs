//! `lint` and `probe`.

use tenant_core::{AuditLog, Report};

use crate::{
    app::App,
    args::Check,
    exit::{Answer, Failure},
    reports,
};

pub(super) async fn lint(app: &App, args: &Check) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let report = config.lint(app.database(&config).await?)?.run(session).await?;
    record(app, &report, args.record).await?;
    reports::answer(app, &report, args.fail_on)
}

pub(super) async fn probe(app: &App, args: &Check) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.app_session(&config).await?;
    // The login that attacks may know the database's name, and nothing else is asked of it.
    let database = crate::app::database(&session).await?;
    let report = config.probe(&database)?.run(&session).await?;
    record(app, &report, args.record).await?;
    reports::answer(app, &report, args.fail_on)
}

async fn record(app: &App, report: &Report, wanted: bool) -> Result<(), Failure> {
    if wanted {
        let session = app.session(&app.config()?).await?;
        AuditLog::new(session).record(&report.audit_record(&app.actor()?)).await?;
    }
    Ok(())
}
