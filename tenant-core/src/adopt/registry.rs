//! The tenants that there are, for the registry.

use super::{graph::Table, judge::Tenants};
use crate::{quote::quoted, quote_literal};

/// Columns that a tenant's name often stands in.
const NAMES: [&str; 6] = ["name", "display_name", "title", "company_name", "company", "label"];

pub(super) fn sql(root: &Table, tenants: &Tenants) -> String {
    let id = format!("t.{}::text", quoted(&tenants.column));
    let prefix = quote_literal(&format!("{}-", super::names::singular(&root.name)));
    let slug = format!(
        "trim(BOTH '-' FROM left(regexp_replace(lower({prefix} || {id}), '[^a-z0-9]+', '-', 'g'), 63))"
    );
    let is_text = |name: &&&str| {
        root.column(name)
            .is_some_and(|c| c.sql_type == "text" || c.sql_type.starts_with("character"))
    };
    let name = match NAMES.iter().find(is_text) {
        Some(column) => format!("coalesce(nullif(t.{}, ''), {slug})", quoted(column)),
        None => slug.clone(),
    };
    format!(
        "INSERT INTO tenancy.tenants (id, slug, name)\nSELECT t.{}::{}, {slug},\n  {name}\nFROM {} t\n\
         ON CONFLICT (id) DO NOTHING;\n",
        quoted(&tenants.column),
        tenants.key,
        root.label(),
    )
}
