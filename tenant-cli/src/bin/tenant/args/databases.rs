//! `databases` and `schemas`: places where tenants can live.

use clap::{Args, Subcommand};
use tenant_core::Placement;

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
    /// Makes one on the same server after the model of another one, walls it, and makes it known
    Create(CreateDatabase),
    /// Lists the databases that were made of a template beforehand, and makes those that are lacking
    Spares {
        /// The database after whose model they are made; nobody may be connected to it
        #[arg(value_name = "TEMPLATE")]
        template: String,
        /// How many there are to be
        #[arg(long, value_name = "N")]
        keep: Option<u16>,
    },
    /// Drops one of the same server in which nobody lives, with all that is in it
    Drop {
        /// What PostgreSQL and the registry call it
        name: String,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateDatabase {
    /// What PostgreSQL and the registry call it; where it is, is said by `[databases]` in tenant.toml
    pub(crate) name: String,
    /// The database after whose model it is made, with all that is in it; nobody may be connected to it
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) like: String,
    /// Takes one that was made of it beforehand
    #[arg(long)]
    pub(crate) spare: bool,
    /// Where in the world
    #[arg(long)]
    pub(crate) region: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schemas {
    /// Makes a tenant's own schema after the model of another one, with its walls
    Create(CreateSchema),
    /// Lists the schemas that were made beforehand, and makes those that are lacking
    Spares {
        /// How many there are to be
        #[arg(long, value_name = "N")]
        keep: Option<u16>,
        /// The schema after whose model they are made; by default the first of the layout
        #[arg(long, value_name = "SCHEMA")]
        like: Option<String>,
        #[command(flatten)]
        within: Within,
    },
    /// Puts up the walls in a schema that has its tables, or brings them to the declaration
    Apply {
        /// Its name
        schema: String,
        #[command(flatten)]
        within: Within,
        #[command(flatten)]
        sure: Sure,
    },
    /// Drops a tenant's own schema in which nothing is left
    Drop {
        /// Its name
        schema: String,
        #[command(flatten)]
        within: Within,
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
    #[command(flatten)]
    pub(crate) within: Within,
    /// Takes one that was made beforehand
    #[arg(long, conflicts_with_all = ["like", "dry_run"])]
    pub(crate) spare: bool,
    /// Prints the SQL, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which database.
#[derive(Debug, Args)]
pub(crate) struct Within {
    /// In another database, by the registry's name of it
    #[arg(id = "in", long = "in", value_name = "DATABASE", default_value = Placement::MAIN)]
    pub(crate) database: String,
}
