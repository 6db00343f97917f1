//! A last look at SQL before it is sent: for what the types could not see. The roles and row
//! security stand behind it.

mod effect;
mod tables;
mod tokens;

pub use effect::SqlEffect;
pub use tables::TableScan;

/// Whether the SQL has this name in it, wherever it stands. In a literal it does not count.
pub(crate) fn mentions(sql: &str, name: &str) -> bool {
    tokens::tokens(sql).any(|token| token.name().is_some_and(|found| found == name))
}
