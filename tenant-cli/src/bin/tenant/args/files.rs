//! `tenants export`, `tenants import`, and whether an export is whole.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Which, Why};

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
pub(crate) struct VerifyExport {
    /// The export: a folder or a tar file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
}
