//! Whose the rows are that a table has already.

use super::hash::name_of;
use crate::TenantTable;

/// What fills new rows while a plan is being run.
pub(super) fn trigger_name(table: &TenantTable) -> String {
    name_of(&format!("{}_{}", table.table().name(), table.column()), "_tenancy_fill")
}
