//! The way for an existing database.
use super::hash::name_of;
use crate::TenantTable;

/// The check that stands in for NOT NULL until it is proven.
pub(super) fn not_null_name(table: &TenantTable) -> String {
    name_of(&format!("{}_{}", table.table().name(), table.column()), "_tenancy_set")
}
