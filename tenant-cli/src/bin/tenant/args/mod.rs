//! The command line: what every command has, and the commands. Each group has a file of its own.

mod adopt;
mod audit;
mod check;
mod databases;
mod erase;
mod files;
mod install;
mod key;
mod migrate;
mod moving;
mod quota;
mod tenants;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use adopt::{Adopt, AdoptMore, Watch};
pub(crate) use audit::Audit;
pub(crate) use check::{Check, Doctor, FailOn};
pub(crate) use databases::{CreateDatabase, CreateSchema, Databases, Schemas, Within};
pub(crate) use erase::{Erase, LiftTombstone, VerifyReceipt};
pub(crate) use files::{Export, Import, Rows, VerifyExport};
pub(crate) use install::{Apply, Migration, Orm, Plan};
pub(crate) use key::Key;
pub(crate) use migrate::{How, Migrate, Places, Run};
pub(crate) use moving::{Move, Place};
pub(crate) use quota::{Period, Quota, QuotaName, Whom};
pub(crate) use tenants::{Create, Member, Members, Rename, Status, Tenants};

/// What `--help` ends with.
const EXITS: &str = "\
Exit codes:
    0  done, and nothing was found
    1  something was found: a lint, a leak, a difference, a broken log, a forgotten tenant
    2  the command line or tenant.toml is wrong, or a question was not answered
    3  the database could not be reached, or was lost
    4  refused, by the database or before it was asked: the message says why
    5  adopt cannot tell whose a table is: the answer says which
  130  interrupted: the message says what was done";

/// Keeps many tenants' data apart in one PostgreSQL: checks, attacks, installs, runs.
#[derive(Debug, Parser)]
#[command(name = "tenant", version, after_help = EXITS, arg_required_else_help = true)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options for every command")]
pub(crate) struct Global {
    /// What the application declares
    #[arg(long, global = true, env = "TENANT_CONFIG", default_value = "tenant.toml")]
    pub(crate) config: PathBuf,
    /// Where the database is. A password belongs into the variable or PGPASSWORD: others see a command line
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Where the application logs in, for the probe; by default `TENANT_APP_URL`
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) app_url: Option<String>,
    /// How the answer is written
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Whether there are colours; by default at a terminal
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Who does it, for the audit log; by default $USER@host
    #[arg(long, global = true, value_name = "WHO")]
    pub(crate) actor: Option<String>,
    /// No progress and no remarks, only the answer and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For code hosts: lint, probe and doctor
    Sarif,
    /// For a ticket or a wiki
    Markdown,
    /// A page by itself: doctor
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads an existing database and its code, and writes what keeps its tenants apart
    Adopt(Adopt),
    /// Reads the database's catalogue and says what is wrong; changes nothing
    Lint(Check),
    /// Attacks the database with the application's own login, and leaves nothing
    Probe(Check),
    /// Everything on one page: installed? changed? safe? attacked? recorded?
    Doctor(Doctor),
    /// Says what is missing in the database, as SQL to be read; changes nothing
    Plan(Plan),
    /// Does what `plan` says; run it again to go on from where it stopped
    Apply(Apply),
    /// The way back of `apply`: takes the isolation away, and gives back what was there before
    Revert(Sure),
    /// Says what somebody has changed since it was installed; changes nothing
    Diff,
    /// Writes the isolation as a migration of SeaORM's or Diesel's
    Migration(Migration),
    /// Runs SQL migrations over all tenants' schemas and databases
    #[command(subcommand)]
    Migrate(Migrate),
    /// Tenants: made, changed, moved, exported, erased
    #[command(subcommand)]
    Tenants(Tenants),
    /// The databases in which tenants can live
    #[command(subcommand)]
    Databases(Databases),
    /// The schemas of tenants' own
    #[command(subcommand)]
    Schemas(Schemas),
    /// How much tenants may have or do, and how much they do
    #[command(subcommand)]
    Quota(Quota),
    /// The log of what was done
    #[command(subcommand)]
    Audit(Audit),
    /// The keys that seal transactions
    #[command(subcommand)]
    Key(Key),
    /// Prints what completes commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sure {
    /// Does not ask; needed where nobody can be asked
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Shows what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which tenant.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its slug or its id; `slug=…` or `id=…` where it could be either
    #[arg(value_name = "TENANT")]
    pub(crate) tenant: String,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why, for the audit log
    #[arg(long, value_name = "WHY")]
    pub(crate) reason: String,
}
