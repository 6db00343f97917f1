//! A `clippy.toml` that keeps new code from opening raw connections.

use crate::args::Orm;

const SEAORM: [(&str, &str); 2] = [
    ("sea_orm::Database::connect", "open a scope with TenantDb"),
    ("sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool", "TenantDb owns the pool"),
];

const DIESEL: [(&str, &str); 5] = [
    ("diesel::Connection::establish", "open a scope with TenantDb"),
    ("diesel_async::AsyncConnection::establish", "open a scope with TenantDb"),
    ("diesel::r2d2::ConnectionManager::new", "TenantDb owns the pool"),
    (
        "diesel_async::pooled_connection::AsyncDieselConnectionManager::new",
        "TenantDb owns the pool",
    ),
    ("diesel::sql_query", "a text reaches every table; see docs/escapes.md"),
];

const KEY: &str = "disallowed-methods";

/// The file with the list in it, or the list alone where the file has one of its own already.
pub(in crate::adopt) fn clippy(text: &str, orm: Orm) -> Result<String, String> {
    let methods: &[(&str, &str)] = match orm {
        Orm::Seaorm => &SEAORM,
        Orm::Diesel => &DIESEL,
    };
    let lines: Vec<String> = methods
        .iter()
        .map(|(path, reason)| {
            format!("    {{ path = \"{path}\", reason = \"{reason}\", allow-invalid = true }},\n")
        })
        .collect();
    if methods.iter().all(|(path, _)| text.contains(&format!("\"{path}\""))) {
        return Ok(text.to_owned());
    }
    if text.parse::<toml::Table>().map_or(true, |table| table.contains_key(KEY)) {
        return Err(lines.concat());
    }
    let between = if text.is_empty() { "" } else { "\n" };
    Ok(format!("{KEY} = [\n{}]\n{between}{text}", lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_added_once_and_never_to_one_that_is_there() {
        let mine = "msrv = \"1.94\"\n";
        let text = clippy(mine, Orm::Diesel).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table[KEY].as_array().unwrap().len(), DIESEL.len());
        assert!(text.ends_with(mine));
        assert_eq!(clippy(&text, Orm::Diesel).unwrap(), text);
        let other = "disallowed-methods = [\"std::env::var\"]\n";
        assert!(clippy(other, Orm::Seaorm).unwrap_err().contains("sea_orm::Database::connect"));
    }
}
