//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Info,
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
    /// Says what somebody has changed since it was installed; changes nothing
    Diff,
    /// Writes the isolation as a migration of SeaORM's or Diesel's
    Migration(Migration),
    /// Tenants: made, changed, exported, erased
    #[command(subcommand)]
    Tenants(Tenants),
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
pub(crate) struct Check {
    /// From which severity on the exit code is 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(crate) fail_on: FailOn,
    /// Writes into the audit log that it was run, and what it found
    #[arg(long)]
    pub(crate) record: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// From which severity on the exit code is 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(crate) fail_on: FailOn,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Prints the way back instead
    #[arg(long)]
    pub(crate) down: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) sure: Sure,
    /// Leaves out what the running application would notice: row security, policies, grants
    #[arg(long)]
    pub(crate) prepare_only: bool,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Orm {
    Seaorm,
    Diesel,
}

#[derive(Debug, Args)]
pub(crate) struct Migration {
    /// Whose migration
    #[arg(long = "for", value_enum, value_name = "ORM")]
    pub(crate) orm: Orm,
    /// The folder: SeaORM's `migration/src`, Diesel's `migrations`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// The version that it is sorted by: `m20261121_000000` or `2026-11-21-000000`; by default of today
    #[arg(long = "stamp", value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// One migration per step of `plan`, for the tables with rows in this database
    #[arg(long)]
    pub(crate) steps: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Adopt {
    #[command(subcommand)]
    pub(crate) more: Option<AdoptMore>,
    /// The table that has a row per tenant; else it is looked for by its name
    #[arg(long, value_name = "TABLE")]
    pub(crate) tenants_table: Option<String>,
    /// Whose declaration and migration; by default whose entities or tables the sources have
    #[arg(long = "for", value_enum, value_name = "ORM")]
    pub(crate) orm: Option<Orm>,
    /// Where the application's sources are
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) source: PathBuf,
    /// The module that is written with `tenancy!` in it
    #[arg(long, value_name = "FILE", default_value = "src/tenancy.rs")]
    pub(crate) declaration: PathBuf,
    /// Where it is written what is left to do
    #[arg(long, value_name = "FILE", default_value = "tenant-adopt.md")]
    pub(crate) checklist: PathBuf,
    /// The migrations' folder: SeaORM's `migration/src`, Diesel's `migrations`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// The version that they are sorted by: `m20261121_000000` or `2026-11-21-000000`; by default of today
    #[arg(long = "stamp", value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Writes no migration, for whoever runs `tenant apply`
    #[arg(long, conflicts_with_all = ["dir", "version"])]
    pub(crate) no_migration: bool,
    /// Writes over files that are there and say something else
    #[arg(long)]
    pub(crate) force: bool,
    /// Shows what would be written, and writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdoptMore {
    /// Records which writes would be refused, before any is
    #[command(subcommand)]
    Watch(Watch),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Watch {
    /// Watches tables from now on; refuses nothing
    #[command(group = clap::ArgGroup::new("which").required(true))]
    On {
        /// Tenant tables of tenant.toml
        #[arg(value_name = "TABLE", group = "which")]
        tables: Vec<String>,
        /// All of them
        #[arg(long, group = "which")]
        all: bool,
    },
    /// Says which writes would have been refused; exit code 1 if there were any
    Report {
        /// Only what was seen again since: `yesterday`, `2026-11-21 09:30+00`
        #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
        since: String,
        /// Only what this login wrote
        #[arg(long, default_value = "", hide_default_value = true)]
        login: String,
    },
    /// Lists queries that read tenants' tables and name no tenant column, from `pg_stat_statements`
    Reads,
    /// Watches tables no longer; with none named, all, and takes the log away
    Off {
        /// Tables that are watched
        #[arg(value_name = "TABLE")]
        tables: Vec<String>,
    },
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Active,
    Suspended,
    Maintenance,
    Spare,
    Deleted,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenants {
    /// Lists them by slug
    List {
        /// Only those of this status
        #[arg(long, value_enum)]
        status: Option<Status>,
    },
    /// Makes one
    Create(Create),
    /// Locks one out, until it is resumed; its rows stay
    Suspend {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Lets a suspended one in again
    Resume {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Gives one another name, slug or plan
    Rename(Rename),
    /// Writes all its rows to a folder, or to one tar file
    Export(Export),
    /// Reads an export's rows back, for the same tenant or another
    Import(Import),
    /// Erases all its rows, with a receipt
    Erase(Erase),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Short, unique, for addresses
    pub(crate) slug: String,
    /// For people; by default the slug
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its id; by default the database makes a UUID
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The plan that it is on
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// The user who is its first member
    #[arg(long, value_name = "USER")]
    pub(crate) administrator: Option<String>,
    /// Which request it is: the same key again gives the tenant that was made then
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "WHY")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["name", "slug", "plan", "no_plan"])]
pub(crate) struct Rename {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The new name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The new slug; the old one is free at once
    #[arg(long)]
    pub(crate) slug: Option<String>,
    /// The new plan
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// Takes its plan away
    #[arg(long)]
    pub(crate) no_plan: bool,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rows {
    Ndjson,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) which: Which,
    /// A folder that is not there yet; one that ends in `.tar` becomes one file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// How rows are written
    #[arg(long, value_enum, default_value_t = Rows::Ndjson)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The export: a folder or a tar file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Only if the manifest has this SHA-256, as the audit log of the export has it
    #[arg(long, value_name = "SHA256")]
    pub(crate) manifest_sha256: Option<String>,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) why: Why,
    #[command(flatten)]
    pub(crate) sure: Sure,
    /// Where the receipt goes; by default it is the answer
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// Signs the receipt with the key of this name, whose secret is in `TENANT_SEAL_KEY`
    #[arg(long, value_name = "KEY")]
    pub(crate) sign_with: Option<String>,
    /// Leaves a table's rows, for a reason: `invoices=ten years by law`
    #[arg(long, value_name = "TABLE=REASON")]
    pub(crate) keep: Vec<String>,
    /// Also tables that are not declared and have a tenant column
    #[arg(long)]
    pub(crate) and_undeclared: bool,
    /// In transactions of about so many rows
    #[arg(long, value_name = "ROWS")]
    pub(crate) in_chunks: Option<u32>,
    /// The tenant is not in `tenancy.tenants`; it is named by its id
    #[arg(long)]
    pub(crate) unregistered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Period {
    Ever,
    Hour,
    Day,
    Month,
}

/// Which quota: a counter's name, or a table whose rows are counted.
#[derive(Debug, Args)]
#[group(id = "quota", required = true, multiple = false, args = ["counter", "rows"])]
pub(crate) struct QuotaName {
    /// A counter of the application's: exports, invitations
    #[arg(long)]
    pub(crate) counter: Option<String>,
    /// The rows of a table that has `count_rows` in tenant.toml
    #[arg(long, value_name = "TABLE")]
    pub(crate) rows: Option<String>,
}

/// For whom; everybody, unless said.
#[derive(Debug, Args)]
#[group(id = "whom", multiple = false, args = ["plan", "tenant"])]
pub(crate) struct Whom {
    /// The tenants on this plan
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// One tenant, by its slug or id
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Quota {
    /// All limits
    List,
    /// How much a tenant has used, and may
    Usage {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        quota: QuotaName,
    },
    /// Sets a limit for everybody, a plan or a tenant
    Set {
        #[command(flatten)]
        quota: QuotaName,
        /// How much there may be
        #[arg(long)]
        max: i64,
        /// In which time
        #[arg(long, value_enum, default_value_t = Period::Ever)]
        per: Period,
        #[command(flatten)]
        whom: Whom,
    },
    /// Takes a limit away
    Lift {
        #[command(flatten)]
        quota: QuotaName,
        #[command(flatten)]
        whom: Whom,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Computes every hash again: is the log as it was written?
    Verify {
        /// Begin behind the record that an earlier run ended at: its `id:hash`
        #[arg(long, value_name = "ID:HASH")]
        since: Option<String>,
    },
    /// Shows records, oldest first
    List {
        /// Behind this number
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// The keys that the database knows, without their secrets
    List,
    /// Adds a key, whose secret is in `TENANT_SEAL_KEY`, and says what to do with the old ones
    Rotate {
        /// The new key's name
        name: String,
    },
    /// Takes an old key away, after every instance has the new one
    Retire {
        /// The old key's name
        name: String,
        #[command(flatten)]
        sure: Sure,
    },
    /// Makes the database a new key of its own
    RenewDatabase,
}
