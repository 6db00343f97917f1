//! `key`.

use clap::Subcommand;

use super::Sure;

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
