//! What is wrong with a database, by reading its catalogue.

mod prelude;
mod rule;
mod rules;
mod run;
mod statement;
mod suppression;

pub use rule::{Example, Rule};
pub use run::{Lint, lint};
pub(crate) use statement::{SETTINGS, query};
