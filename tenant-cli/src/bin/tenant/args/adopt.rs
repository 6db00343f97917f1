//! `adopt`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Orm;

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
