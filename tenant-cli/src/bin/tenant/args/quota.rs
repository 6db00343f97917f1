//! `quota`.

use clap::{Args, Subcommand, ValueEnum};

use super::Which;

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
