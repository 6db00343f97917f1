//! `tenants`.

use clap::{Args, Subcommand, ValueEnum};

use super::{
    Erase, Export, Import, LiftTombstone, Move, Place, VerifyExport, VerifyReceipt, Which, Why,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Active,
    Suspended,
    Maintenance,
    Spare,
    Deleted,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenants {
    /// Lists them by slug
    List {
        /// Only those of this status
        #[arg(long, value_enum)]
        status: Option<Status>,
    },
    /// Everything that is known of one
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Makes one
    Create(Create),
    /// Locks one out, until it is resumed; its rows stay
    Suspend {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Lets a suspended one in again
    Resume {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Locks an active one out for a moment, while something is done to its rows
    StartMaintenance {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Lets it in again after that
    EndMaintenance {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Forbids its erasure, until it is released: the reason is kept with it
    Hold {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Allows its erasure again
    Release {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Revokes all claims and tokens that were made until now, those of queued jobs too
    Revoke {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        why: Why,
    },
    /// Who may act for one
    #[command(subcommand)]
    Members(Members),
    /// Gives one another name, slug or plan
    Rename(Rename),
    /// Brings one elsewhere while it works; run it again to go on from where it stopped
    Move(Move),
    /// Only writes down where one lives: you have brought its rows there, in its maintenance
    Place(Place),
    /// Writes all its rows to a folder, or to one tar file
    Export(Export),
    /// Reads an export's rows back, for the same tenant or another
    Import(Import),
    /// Says whether an export is as it was written; asks no database
    VerifyExport(VerifyExport),
    /// Erases all its rows, with a receipt
    Erase(Erase),
    /// Says whether a receipt is as it was signed, with the key in `TENANT_SEAL_KEY`; asks no database
    VerifyReceipt(VerifyReceipt),
    /// Lets an erased tenant's id be given again, for an export that is brought back; as `…_owner`
    LiftTombstone(LiftTombstone),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Short, unique, for addresses
    pub(crate) slug: String,
    /// For people; by default the slug
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its id; by default the database makes a UUID
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The plan that it is on
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// The user who is its first member
    #[arg(long, value_name = "USER")]
    pub(crate) administrator: Option<String>,
    /// Which request it is: the same key again gives the tenant that was made then
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Where it lives, which must be there: `schema:NAME`, `database:NAME`; by default `shared`
    #[arg(long, value_name = "PLACE")]
    pub(crate) place: Option<String>,
    /// The region that its rows must not leave
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Takes one that was made beforehand, with all that the application gave it
    #[arg(long, conflicts_with_all = ["id", "place"])]
    pub(crate) spare: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "WHY")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["name", "slug", "plan", "no_plan"])]
pub(crate) struct Rename {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The new name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The new slug; the old one is free at once
    #[arg(long)]
    pub(crate) slug: Option<String>,
    /// The new plan
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// Takes its plan away
    #[arg(long)]
    pub(crate) no_plan: bool,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Members {
    /// Lists them
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Adds a user
    Add(Member),
    /// Takes a user away; `tenants revoke` revokes the claims that were made before
    Remove(Member),
}

#[derive(Debug, Args)]
pub(crate) struct Member {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The user, as the application calls them
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) why: Why,
}
