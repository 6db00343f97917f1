//! Schemas and databases for tenants: made like a template, kept in stock, dropped.

#[cfg(feature = "backup")]
mod backup;
mod database_template;
mod drop_schema;
mod lives;
mod relations;
mod schema_template;
mod spares;

#[cfg(feature = "backup")]
pub use backup::Backup;
pub use database_template::DatabaseTemplate;
pub use schema_template::SchemaTemplate;

use crate::{Error, isolation::fill, quote_literal};

/// What the ORMs keep of the migrations that were run.
const MIGRATIONS: [&str; 2] = ["seaql_migrations", "__diesel_schema_migrations"];

/// A query over a schema's relations (`own`), with what both have in common.
fn query(sql: &str) -> String {
    let migrations = MIGRATIONS.map(quote_literal).join(", ");
    let places = [
        ("view_depth", include_str!("view_depth.sql").trim_end()),
        ("migrations", &format!("ARRAY[{migrations}]::name[]")),
    ];
    fill(sql, &places)
}

fn no_spare(template: &str) -> Error {
    let why = "no spare is left; add some with `add_spares`, or make one with `create`".to_owned();
    Error::Template { template: template.to_owned(), why }
}
