//! `migrate`: over all tenants' schemas and databases.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use tenant_cli::duration;

use super::Sure;

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Shows what the log knows of each place, whichever ORM's migrations were run there
    Status {
        /// Each migration of this place: `main`, `main/acme`
        #[arg(value_name = "PLACE")]
        place: Option<String>,
    },
    /// Asks each place which migrations it lacks; changes nothing
    Pending {
        #[command(flatten)]
        places: Places,
        #[command(flatten)]
        how: How,
    },
    /// Runs what each place lacks; run it again to go on from where it stopped
    Run(Run),
    /// Takes a place that is gone out of the log
    Forget {
        /// As `migrate status` calls it: `main`, `main/acme`
        #[arg(value_name = "PLACE")]
        place: String,
    },
}

/// Which migrations, and where.
#[derive(Debug, Args)]
pub(crate) struct Places {
    /// SQL files in Diesel's layout: a folder per migration, with an `up.sql` in it
    #[arg(long, value_name = "FOLDER", default_value = "migrations")]
    pub(crate) dir: PathBuf,
    /// Only there: `main`, `main/acme`; by default wherever a tenant lives
    #[arg(long, value_name = "PLACE")]
    pub(crate) only: Vec<String>,
    /// Also there, where no tenant lives: a template
    #[arg(long, value_name = "PLACE", conflicts_with = "only")]
    pub(crate) also: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct How {
    /// How many places at a time, each with a connection
    #[arg(long, value_name = "PLACES", default_value_t = 4)]
    pub(crate) parallel: usize,
    /// Works as this role; by default as the `…_owner` of the tables
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// Searches this schema, too, for types and functions that all share
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) also_search: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) how: How,
    #[command(flatten)]
    pub(crate) sure: Sure,
    /// These go first, one by one, and if one fails, no other is touched; by default the first that
    /// lacks something
    #[arg(long, value_name = "PLACE")]
    pub(crate) canary: Vec<String>,
    /// None goes first
    #[arg(long, conflicts_with = "canary")]
    pub(crate) no_canary: bool,
    /// After so many failures no further place is begun
    #[arg(long, value_name = "FAILURES", default_value_t = 1)]
    pub(crate) stop_at: usize,
    /// How long a statement waits for a lock on a table, behind which everybody else waits
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_timeout: Option<Duration>,
    /// Runs those again that ended outside of a transaction, after you took away what there was of them
    #[arg(long)]
    pub(crate) retry_unclear: bool,
    /// Believes the log, and does not ask places for which it says that all is done
    #[arg(long)]
    pub(crate) skip_complete: bool,
}
