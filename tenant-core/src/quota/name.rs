use std::fmt;

use serde::{Deserialize, Serialize};

use crate::TableName;

/// What rows are counted under.
const ROWS: &str = "rows of ";

/// What is limited: a table's rows, which count themselves, or something that the application
/// counts.
///
/// ```
/// use tenant_core::{Quota, TableName};
///
/// assert_eq!(Quota::rows(&TableName::new("invoices")?).name(), "rows of public.invoices");
/// assert_eq!(Quota::counter("exports").name(), "exports");
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quota {
    name: String,
}

impl Quota {
    /// The rows of a table: [`Isolation::row_quota`](crate::Isolation::row_quota) has them counted. A
    /// table without a schema is taken to be in `public`; name it where your layout's first schema is
    /// another.
    pub fn rows(table: &TableName) -> Self {
        let schema = table.schema().unwrap_or("public");
        Self { name: format!("{ROWS}{schema}.{}", table.name()) }
    }

    /// Something of the application's: exports, invitations, messages.
    pub fn counter(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Its name in `tenancy.quotas`.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_rows(&self) -> bool {
        self.name.starts_with(ROWS)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// When a counter begins anew: at the full hour, day or month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Per {
    /// Never.
    #[default]
    Ever,
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each month.
    Month,
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ever => "ever",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        })
    }
}
