use serde::Serialize;

use crate::Severity;

/// One lint: what it finds, why that matters, and how.
///
/// [`Lint::rules`](crate::Lint::rules) lists them all. The same is written for people in
/// `docs/lints.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// Stable: `TEN001`, never given to another lint.
    pub code: &'static str,
    /// The same in words: `row_security_disabled`.
    pub name: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// Whether a pool must not open on a database where this is found.
    pub startup: bool,
    /// What it finds, in a sentence.
    pub finds: &'static str,
    /// Why that matters, in a sentence.
    pub why: &'static str,
    /// Where to read more.
    pub source: &'static str,
    /// The query over the catalogue. It answers with the columns `classid`, `objid` (which comment
    /// may suppress it), `object`, `found` and `mend`, and builds on the tables that every query of
    /// a lint begins with: `tenant_table`, `policy`, `relation_grant`…
    #[serde(skip)]
    pub query: &'static str,
    /// A schema that it finds something in, and one in which it does not.
    #[serde(skip)]
    pub example: Example,
}

/// A schema in which a [`Rule`] finds something, and one in which it does not.
///
/// Both are changes to the same application: the tenant tables `invoices` and `projects` and the
/// shared table `plans`, as [`Isolation`](crate::Isolation) leaves them. `{prefix}` stands for the
/// prefix of its roles. A first line may say more: `-- server 150002`, the version as which it is
/// judged; `-- needs 170000`, the oldest one that knows the statement; `-- single`, that the
/// application has one role for everything; `-- shared schema`, that its layout has the shared schema `common`; `-- also TEN201`, what else is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// What it is found on.
    pub object: &'static str,
    /// The SQL that makes it so.
    pub triggers: &'static str,
    /// The SQL that does nearly the same, and well.
    pub clean: &'static str,
}
