//! Schemas and databases for tenants: made like a template, kept in stock, dropped.

#[cfg(feature = "backup")]
mod backup;
mod database_template;
mod drop_schema;
mod lives;
mod schema_template;
mod spares;

#[cfg(feature = "backup")]
pub use backup::Backup;
pub use database_template::DatabaseTemplate;
pub use schema_template::SchemaTemplate;
