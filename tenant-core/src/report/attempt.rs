use std::borrow::Cow;

use serde::Serialize;

/// One attempt of a probe to get at another tenant's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Stable: `ATK001`, never given to another attempt.
    pub code: &'static str,
    /// The same in words: `read_all`.
    pub name: &'static str,
    /// What was attacked: `table public.invoices`.
    pub object: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing of the other tenant's was seen, changed or told.
    Held {
        /// How: refused with which SQLSTATE, or no rows.
        how: Cow<'static, str>,
    },
    /// It got through.
    Leaked {
        /// What was seen, without showing it: counts, and the names of columns.
        evidence: String,
    },
    /// It could not be tried here.
    NotApplicable {
        /// Why.
        why: Cow<'static, str>,
    },
}
