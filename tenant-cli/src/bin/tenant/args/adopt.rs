//! `adopt`.

use std::path::PathBuf;

use clap::Args;

use super::Orm;

#[derive(Debug, Args)]
pub(crate) struct Adopt {
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
