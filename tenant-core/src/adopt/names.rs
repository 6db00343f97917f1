//! What names say.

/// What a table of tenants is often called, in the singular.
const TENANTS: [&str; 19] = [
    "tenant",
    "organization",
    "organisation",
    "org",
    "account",
    "company",
    "customer",
    "client",
    "workspace",
    "team",
    "store",
    "shop",
    "merchant",
    "subscriber",
    "school",
    "clinic",
    "practice",
    "agency",
    "site",
];

/// Tables that migration tools keep for themselves.
const TOOLS: [&str; 9] = [
    "__diesel_schema_migrations",
    "seaql_migrations",
    "_sqlx_migrations",
    "refinery_schema_history",
    "schema_migrations",
    "flyway_schema_history",
    "alembic_version",
    "django_migrations",
    "ar_internal_metadata",
];

/// Whether a table of this name may have a row per tenant.
pub(super) fn is_tenants(name: &str) -> bool {
    TENANTS.contains(&singular(name).as_str())
}

pub(super) fn is_tools(name: &str) -> bool {
    TOOLS.contains(&name)
}

/// `organizations` and `companies` without what makes them many.
pub(super) fn singular(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        _ => name,
    }
}

/// The column by which a table would refer to this one, were there a foreign key.
pub(super) fn refers_to(column: &str, tenants: &str) -> bool {
    let column = column.to_ascii_lowercase();
    let stem = column.strip_suffix("_id").or_else(|| column.strip_suffix("id"));
    stem.is_some_and(|stem| stem == "tenant" || stem == singular(tenants))
}

/// `owner_type` beside `owner_id`: which table is meant stands in the row.
pub(super) fn polymorphic<'a>(columns: &[&'a str]) -> Option<&'a str> {
    columns.iter().copied().find(|column| {
        column
            .strip_suffix("_type")
            .is_some_and(|stem| columns.iter().any(|other| *other == format!("{stem}_id")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_one() {
        assert_eq!(singular("companies"), "company");
        assert_eq!(singular("Stores"), "store");
        assert_eq!(singular("business"), "business");
        assert!(is_tenants("organisations") && !is_tenants("invoices"));
        assert!(refers_to("store_id", "stores") && refers_to("tenant_id", "stores"));
        assert!(!refers_to("restore_id", "stores"));
        assert_eq!(polymorphic(&["id", "owner_type", "owner_id"]), Some("owner_type"));
        assert_eq!(polymorphic(&["id", "card_type"]), None);
    }
}
