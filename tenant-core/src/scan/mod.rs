//! A last look at SQL before it is sent: for what the types could not see. The roles and row
//! security stand behind it.

mod effect;
mod tables;
mod tokens;

pub use effect::SqlEffect;
pub use tables::TableScan;
