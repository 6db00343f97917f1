//! `audit`.

use clap::Subcommand;

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
