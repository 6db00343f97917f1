//! The `tenancy!` declaration.

use tenant_core::TenantKey;

use crate::args::Orm;

/// A table of the declaration: how Rust names it, and its tenant column.
#[derive(Debug)]
pub(in crate::adopt) struct Entry {
    pub(in crate::adopt) path: String,
    /// `None` of a shared table.
    pub(in crate::adopt) column: Option<String>,
}

/// The module. `missing` are tables that the sources do not know.
pub(in crate::adopt) fn declaration(
    orm: Orm,
    key: TenantKey,
    entries: &[Entry],
    missing: &[String],
) -> String {
    let krate = match orm {
        Orm::Seaorm => "tenant_seaorm",
        Orm::Diesel => "tenant_diesel",
    };
    let mut tenants = String::new();
    let mut shared = String::new();
    for entry in entries {
        match entry.column.as_deref() {
            None => shared.push_str(&format!("        {},\n", entry.path)),
            Some("tenant_id") => tenants.push_str(&format!("        {},\n", entry.path)),
            Some(column) => {
                tenants.push_str(&format!("        {}[{}],\n", entry.path, token(column)));
            }
        }
    }
    let mut text =
        "//! Whose each table is: written by `tenant adopt`, and yours from now on.\n".to_owned();
    if !missing.is_empty() {
        text.push_str("//!\n//! In tenant.toml, and not here, since no source declares them:\n");
        for table in missing {
            text.push_str(&format!("//! - `{}`\n", table.replace(['\n', '\r'], " ")));
        }
    }
    let key = match key {
        TenantKey::Uuid => String::new(),
        other => format!("    key {other};\n"),
    };
    text + &format!(
        "\n{krate}::tenancy! {{\n    /// The tables of this application.\n    pub static TENANCY;\n{key}    \
         tenant {{\n{tenants}    }}\n    shared {{\n{shared}    }}\n}}\n"
    )
}

/// A column as a token that the macro takes: a word, or a text.
fn token(column: &str) -> String {
    match syn::parse_str::<syn::Ident>(column) {
        Ok(_) => column.to_owned(),
        Err(_) => format!("{column:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_rust() {
        let entry = |path: &str, column: Option<&str>| Entry {
            path: path.to_owned(),
            column: column.map(str::to_owned),
        };
        let entries = [
            entry("crate::entity::store", Some("tenant_id")),
            entry("entity::invoice", Some("account_id")),
            entry("entity::odd", Some("account id")),
            entry("crate::entity::film", None),
        ];
        let text = declaration(Orm::Seaorm, TenantKey::Bigint, &entries, &["legacy".to_owned()]);
        syn::parse_file(&text).unwrap();
        for line in [
            "key bigint;",
            "crate::entity::store,",
            "entity::invoice[account_id],",
            "odd[\"account id\"],",
            "- `legacy`",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        let text = declaration(Orm::Diesel, TenantKey::Uuid, &[], &[]);
        assert!(text.contains("tenant_diesel::tenancy!") && !text.contains("key "), "{text}");
        syn::parse_file(&text).unwrap();
    }
}
