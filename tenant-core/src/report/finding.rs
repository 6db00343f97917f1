use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Holds today; one more mistake, and it does not.
    Warning,
    /// A tenant can reach another's rows, or their isolation cannot be told.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that is wrong with one object of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Stable: `TEN001`, never given to another lint.
    pub code: &'static str,
    /// The same in words: `row_security_disabled`.
    pub name: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What it was found on, as PostgreSQL would write it: `table public.invoices`.
    pub object: String,
    /// What was found, in a sentence.
    pub found: String,
    /// Why that matters, in a sentence.
    pub why: &'static str,
    /// The SQL that mends it, where SQL can.
    pub mend: Option<String>,
    /// Where to read more.
    pub source: Cow<'static, str>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} {}: {}", self.severity, self.code, self.object, self.found)?;
        writeln!(f, "    why:  {}", self.why)?;
        if let Some(mend) = &self.mend {
            writeln!(f, "    mend: {}", mend.replace('\n', "\n          "))?;
        }
        write!(f, "    see:  {}", self.source)
    }
}

/// A finding that somebody has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it may stay.
    pub reason: String,
}
