//! `tenants move` and `tenants place`.

use std::time::Duration;

use clap::Args;
use tenant_cli::duration;

use super::{Which, Why};

#[derive(Debug, Args)]
pub(crate) struct Move {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Where to: `shared`, `shared:DATABASE`, `schema:NAME`, `schema:DATABASE/NAME` or `database:NAME`.
    /// Not needed to go on with a move that has begun
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) why: Why,
    /// Takes back a move that has not switched yet
    #[arg(long, conflicts_with_all = ["to", "keep_source", "freeze_within"])]
    pub(crate) cancel: bool,
    /// How long the old rows are kept for those who still read them: no shorter than the pools'
    /// `max_scope_age` and a cache's `ttl` together
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "6min")]
    pub(crate) keep_source: Duration,
    /// How long it waits for transactions that write, before the tenant's writes are refused
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) freeze_within: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Where it lives from now on: as `--to` of `tenants move`
    #[arg(value_name = "PLACE")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) why: Why,
}
