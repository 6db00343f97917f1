//! `migrate`: core's run over all places, for migrations that are SQL files.

mod files;
mod places;
mod show;
mod target;

use tenant_cli::Config;
use tenant_core::{
    MigrationLog, MigrationResult, MigrationTarget, MigrationsError, TenantMigrations, quote_ident,
};

use self::target::SqlMigrator;
use crate::{
    app::App,
    args::{How, Migrate, Places, Run},
    exit::{Answer, Exit, Failure},
    prompt::sure,
    session::PgSession,
    table::many,
};

type Migrations = TenantMigrations<PgSession, SqlMigrator>;

pub(super) async fn run(app: &App, command: Migrate) -> Result<Answer, Failure> {
    let config = app.config()?;
    match command {
        Migrate::Status { place } => {
            let place = place.as_deref().map(places::read).transpose()?;
            let log = MigrationLog::new(app.another_session(&config).await?);
            match place {
                Some(place) => show::records(app, &log.records(&place).await?),
                None => show::status(app, &log.status().await?),
            }
        }
        Migrate::Pending { places, how } => pending(app, &config, &places, &how).await,
        Migrate::Run(args) => migrate(app, &config, args).await,
        Migrate::Forget { place } => {
            let place = places::read(&place)?;
            let log = MigrationLog::new(app.another_session(&config).await?);
            if log.records(&place).await?.is_empty() {
                return Err(Failure::refused(format!(
                    "the log does not know {place}; `tenant migrate status` shows the places it does"
                )));
            }
            log.forget(&place).await?;
            Ok(Answer::done(format!("The log does not know {place} any more.\n")))
        }
    }
}

/// The files and the places, and how to bring the ones to the others.
async fn prepared(
    app: &App,
    config: &Config,
    places: &Places,
    how: &How,
    canaries: &[String],
) -> Result<(Migrations, Vec<MigrationTarget>, usize), Failure> {
    let files = files::read(&places.dir)?;
    let count = files.len();
    let actor = app.actor()?;
    let targets = places::all(app, config, places, canaries).await?;
    let names = targets.iter().map(|target| target.database.clone()).collect();
    let migrator = SqlMigrator::new(files, app.sessions(config, names).await?);
    let log = app.another_session(config).await?;
    let mut migrations = TenantMigrations::new(log, migrator, actor).at_once(how.parallel);
    let layout = app.layout(config).await?;
    // What it makes is then the owner's, whoever logs in.
    if let Some(role) = how.role.as_deref().or(layout.roles().owner()) {
        migrations = migrations.role(role);
    }
    for schema in &how.also_search {
        migrations = migrations.also_search(schema);
    }
    let screen = app.screen.clone();
    let (all, ended) = (targets.len() as u64, std::sync::atomic::AtomicU64::new(0));
    let migrations = migrations.on_outcome(move |outcome| {
        let ended = ended.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        screen.progress(&outcome.target.to_string(), ended, all);
    });
    Ok((migrations, targets, count))
}

async fn pending(
    app: &App,
    config: &Config,
    places: &Places,
    how: &How,
) -> Result<Answer, Failure> {
    let (migrations, targets, _) = prepared(app, config, places, how, &[]).await?;
    let report = migrations.pending(targets).await?;
    app.screen.clear();
    if app.interrupt.is_over() {
        return Err(Failure::new(Exit::Interrupted, "nothing was changed"));
    }
    show::report(app, &report)
}

async fn migrate(app: &App, config: &Config, args: Run) -> Result<Answer, Failure> {
    let Run { places, how, sure: asked, canary, .. } = &args;
    if asked.dry_run {
        return pending(app, config, places, how).await;
    }
    let (mut migrations, targets, files) = prepared(app, config, places, how, canary).await?;
    let what = format!(
        "each of {} gets what it lacks of {}, and there is no way back",
        many(targets.len(), "place"),
        many(files, "migration")
    );
    sure(app, asked.yes, &what, "migrate").await?;
    migrations = migrations.stop_at(args.stop_at).stop_when(app.interrupt.flag());
    if args.no_canary {
        migrations = migrations.without_canary();
    }
    if args.retry_unclear {
        migrations = migrations.retry_unclear();
    }
    if args.skip_complete {
        migrations = migrations.skip_complete();
    }
    if let Some(timeout) = args.lock_timeout.filter(|timeout| !timeout.is_zero()) {
        migrations = migrations.lock_timeout(timeout);
    }
    app.if_interrupted(
        "Each migration is there as a whole or not at all, but for one that runs outside of a \
         transaction. Run `tenant migrate run` again: it goes on from there.",
    );
    let owner = app.layout(config).await?.roles().owner().map(str::to_owned);
    let report = migrations.run(targets).await.map_err(|error| ownerless(error, owner))?;
    app.screen.clear();
    if app.interrupt.is_over() {
        let done = report.outcomes.iter().filter(|outcome| {
            matches!(outcome.result, MigrationResult::UpToDate | MigrationResult::Migrated { .. })
        });
        let all = many(report.outcomes.len(), "place");
        let done = format!("{} of {all} have every migration", done.count());
        return Err(Failure::new(Exit::Interrupted, done));
    }
    show::report(app, &report)
}

/// The owner of the tables may make no schema, and the log lies in one.
fn ownerless(error: MigrationsError, owner: Option<String>) -> Failure {
    let denied =
        matches!(&error, MigrationsError::Log(why) if why.sqlstate.as_deref() == Some("42501"));
    match owner.map(|owner| quote_ident(&owner)) {
        Some(Ok(owner)) if denied => Failure::from(error).and(&format!(
            "where the log is not there yet, once, as a superuser: CREATE SCHEMA tenancy_fleet AUTHORIZATION {owner}"
        )),
        _ => error.into(),
    }
}
