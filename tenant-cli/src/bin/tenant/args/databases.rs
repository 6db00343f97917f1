//! `databases` and `schemas`: places where tenants can live.

use clap::{Args, Subcommand};

use super::Sure;

#[derive(Debug, Subcommand)]
pub(crate) enum Databases {
    /// Lists those that the registry knows
    List,
    /// Makes one known that is there, with the isolation; or says in which region it is now
    Add {
        /// A name of yours; where it is, is said by `[databases]` in tenant.toml
        name: String,
        /// Where in the world
        #[arg(long)]
        region: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schemas {
    /// Makes a tenant's own schema after the model of another one, with its walls
    Create(CreateSchema),
    /// Puts up the walls in a schema that has its tables, or brings them to the declaration
    Apply {
        /// Its name
        schema: String,
        #[command(flatten)]
        sure: Sure,
    },
    /// Drops a tenant's own schema in which nothing is left
    Drop {
        /// Its name
        schema: String,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateSchema {
    /// Its name
    pub(crate) schema: String,
    /// The schema after whose model it is made; by default the first of the layout
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) like: Option<String>,
    /// Prints the SQL, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
