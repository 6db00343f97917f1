use serde::{Deserialize, Serialize};

/// How much of a quota is used: what the database will say, asked beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuotaUsage {
    /// Used in this period.
    pub used: i64,
    /// The limit; `None` where there is none.
    pub max: Option<i64>,
    /// When the period ends, as PostgreSQL writes it; `None` where it never does.
    pub resets: Option<String>,
}

impl QuotaUsage {
    /// What an adapter's transaction asks; the name is `$1`.
    #[doc(hidden)]
    pub const QUERY: &'static str =
        "SELECT used, max, resets::pg_catalog.text AS resets FROM tenancy.quota($1)";

    /// What an adapter's transaction calls; the name is `$1`, how much is `$2`.
    #[doc(hidden)]
    pub const USE: &'static str = "SELECT tenancy.use_quota($1, $2)";

    #[doc(hidden)]
    pub fn new(used: i64, max: Option<i64>, resets: Option<String>) -> Self {
        Self { used, max, resets }
    }

    /// What is left; `None` where there is no limit. A limit that was lowered leaves 0.
    pub fn left(&self) -> Option<i64> {
        self.max.map(|max| (max - self.used).max(0))
    }

    /// Whether `n` more fit. Others may be faster: the database decides when they are used.
    pub fn has_room_for(&self, n: i64) -> bool {
        self.left().is_none_or(|left| n <= left)
    }
}
