//! `plan`, `apply` and `migration`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Sure;

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
