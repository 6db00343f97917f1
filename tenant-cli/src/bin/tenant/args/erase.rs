//! `tenants erase`, and whether a receipt is what was signed.

use std::path::PathBuf;

use clap::Args;

use super::{Sure, Which, Why};

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

#[derive(Debug, Args)]
pub(crate) struct VerifyReceipt {
    /// The receipt of an erasure
    #[arg(value_name = "FILE")]
    pub(crate) receipt: PathBuf,
}

/// A tenant that is not there any more.
#[derive(Debug, Args)]
pub(crate) struct LiftTombstone {
    /// The erased tenant's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) why: Why,
}
