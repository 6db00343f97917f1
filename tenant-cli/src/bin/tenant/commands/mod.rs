//! What each command does: little, since core does it.

mod audit;
mod check;
mod databases;
pub(crate) mod doctor;
mod erase;
mod files;
mod install;
mod key;
mod members;
mod migrate;
pub(crate) mod migration;
mod moving;
mod quota;
mod revert;
mod schemas;
mod show;
mod spares;
mod tenants;
mod verify;

use clap::CommandFactory as _;

use crate::{
    adopt,
    app::App,
    args::{Audit, Cli, Command, Format, Schemas, Tenants},
    exit::{Answer, Failure},
};

pub(crate) async fn run(app: &App, command: Command) -> Result<Answer, Failure> {
    app.only(formats(&command))?;
    match command {
        Command::Adopt(args) => adopt::adopt(app, &args).await,
        Command::Lint(args) => check::lint(app, &args).await,
        Command::Probe(args) => check::probe(app, &args).await,
        Command::Doctor(args) => doctor::doctor(app, &args).await,
        Command::Plan(args) => install::plan(app, &args).await,
        Command::Apply(args) => install::apply(app, &args).await,
        Command::Revert(sure) => revert::revert(app, &sure).await,
        Command::Diff => install::diff(app).await,
        Command::Migration(args) => migration::migration(app, &args).await,
        Command::Migrate(args) => migrate::run(app, args).await,
        Command::Databases(args) => databases::databases(app, args).await,
        Command::Schemas(args) => schemas::schemas(app, args).await,
        Command::Tenants(args) => tenants::run(app, args).await,
        Command::Quota(args) => quota::run(app, args).await,
        Command::Audit(args) => audit::run(app, args).await,
        Command::Key(args) => key::run(app, args).await,
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tenant", &mut out);
            Ok(Answer::done(String::from_utf8_lossy(&out)))
        }
    }
}

/// The formats that a command's answer has; asked before anything is done.
fn formats(command: &Command) -> &'static [Format] {
    use Format::{Html, Json, Markdown, Sarif, Table};
    match command {
        Command::Lint(_) | Command::Probe(_) => &[Table, Json, Sarif, Markdown],
        Command::Doctor(_) => &[Table, Json, Sarif, Markdown, Html],
        Command::Migration(_)
        | Command::Completions { .. }
        | Command::Revert(_)
        | Command::Schemas(Schemas::Create(_) | Schemas::Apply { .. } | Schemas::Drop { .. })
        | Command::Tenants(Tenants::VerifyReceipt(_)) => &[Table],
        Command::Audit(Audit::Verify { .. }) => &[Table, Json],
        _ => &[Table, Json, Markdown],
    }
}
