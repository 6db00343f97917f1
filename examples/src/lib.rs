//! What the examples share: a music shop's real data, one tenant per billing country.

pub mod chinook;
pub mod client;
pub mod diesel_schema;
pub mod entity;
pub mod invoices;
