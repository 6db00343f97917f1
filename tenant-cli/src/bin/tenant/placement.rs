//! Where a tenant lives, as it is typed: `shared`, `schema:acme`, `database:eu-1`.

use tenant_core::Placement;

use crate::exit::Failure;

const FORMS: &str = "write `shared`, `shared:DATABASE`, `schema:NAME`, `schema:DATABASE/NAME` or \
                     `database:NAME`";

/// Reads what was typed.
pub(crate) fn read(text: &str) -> Result<Placement, Failure> {
    let placement = match text.split_once(':') {
        None if text == "shared" => Placement::shared(Placement::MAIN),
        Some(("shared", database)) => Placement::shared(database),
        Some(("schema", name)) => {
            let (database, schema) = name.split_once('/').unwrap_or((Placement::MAIN, name));
            Placement::schema(database, schema)
        }
        Some(("database", name)) => Placement::database(name),
        _ => return Err(Failure::usage(format!("`{text}` is no place; {FORMS}"))),
    };
    placement.map_err(|error| Failure::usage(format!("{error}; {FORMS}")))
}

/// The same as the registry's columns have it.
pub(crate) fn of_columns(
    kind: &str,
    database: &str,
    schema: Option<&str>,
) -> Result<Placement, Failure> {
    Ok(match (kind, schema) {
        ("schema", Some(schema)) => Placement::schema(database, schema)?,
        ("database", _) => Placement::database(database)?,
        _ => Placement::shared(database)?,
    })
}

/// What could have been typed.
pub(crate) fn typed(placement: &Placement) -> String {
    let database = placement.database_name();
    match (placement, placement.schema_name()) {
        (_, Some(schema)) => format!("schema:{database}/{schema}"),
        (Placement::Database { .. }, _) => format!("database:{database}"),
        _ => format!("shared:{database}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_short_forms_are_of_the_main_database() {
        assert_eq!(typed(&read("shared").unwrap()), "shared:main");
        assert_eq!(typed(&read("schema:acme").unwrap()), "schema:main/acme");
        for wrong in ["", "acme", "schema", "schema:", "schema:/x", "schema:eu/", "Shared", "x:y"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed(database in "[^/\0]{1,9}", schema in "[^\0]{1,9}") {
            let all = [
                Placement::shared(&database),
                Placement::database(&database),
                Placement::schema(&database, &schema),
            ];
            for placement in all.into_iter().flatten() {
                prop_assert_eq!(read(&typed(&placement)).unwrap(), placement);
            }
        }

        #[test]
        fn whatever_is_typed_is_read_or_refused(text in r"(shared|schema|database)?:?(\PC|/){0,12}") {
            let _ = read(&text);
        }
    }
}
