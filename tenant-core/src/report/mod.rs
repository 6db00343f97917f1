//! What a look at a database found: by reading its catalogue (lint) or by attacking it (probe).

mod attempt;
mod finding;
#[cfg(feature = "report")]
mod sarif;
#[cfg(feature = "report")]
mod table;

use std::fmt;

use serde::Serialize;

use crate::{AuditEvent, AuditRecord};

pub use attempt::{Attempt, Outcome};
pub use finding::{Finding, Severity, Suppressed};

/// What a lint or a probe found: as text by `Display`, as JSON by `serde`.
///
/// ```
/// # use tenant_core::{Error, Lint, Severity, SqlSession, Tenancy};
/// # async fn f(session: &dyn SqlSession, tenancy: &Tenancy) -> Result<(), Box<dyn std::error::Error>> {
/// let report = Lint::new(tenancy).run(session).await?;
/// println!("{report}");
/// std::fs::write("lint.json", serde_json::to_string(&report)?)?;
/// if report.at_least(Severity::Warning).next().is_some() {
///     std::process::exit(1);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What would be wrong, had nobody given a reason.
    pub suppressed: Vec<Suppressed>,
    /// What a probe tried. A lint tries nothing.
    pub attempts: Vec<Attempt>,
}

impl Report {
    /// Whether nothing was found, or only what was given a reason.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The findings that are at least as bad.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity >= severity)
    }

    /// What the audit log should know of the run: in numbers, and which codes were found.
    ///
    /// ```no_run
    /// # use tenant_core::{AuditLog, Error, Report, SqlSession};
    /// # async fn f(report: Report, admin: &dyn SqlSession) -> Result<(), Error> {
    /// AuditLog::new(admin).record(&report.audit_record("nightly check")).await?;
    /// # Ok(()) }
    /// ```
    pub fn audit_record(&self, actor: &str) -> AuditRecord {
        let event = if self.attempts.is_empty() { AuditEvent::Linted } else { AuditEvent::Probed };
        let mut codes: Vec<&str> = self.findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        AuditRecord::new(event, actor).detail(serde_json::json!({
            "found": self.findings.len(),
            "suppressed": self.suppressed.len(),
            "attempts": self.attempts.len(),
            "codes": codes,
        }))
    }

    /// Sorts the findings: worst first, then by code and object.
    pub(crate) fn sorted(mut self) -> Self {
        self.findings.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| a.code.cmp(b.code))
                .then_with(|| a.object.cmp(&b.object))
        });
        self
    }
}

/// One paragraph per finding, a line for each that is suppressed, and what a probe tried in numbers.
/// With the feature `report` there is also a table, and SARIF.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for Suppressed { finding, reason } in &self.suppressed {
            writeln!(f, "suppressed {} {}: {reason}", finding.code, finding.object)?;
        }
        if !self.attempts.is_empty() {
            let count = |wanted: fn(&Outcome) -> bool| {
                self.attempts.iter().filter(|attempt| wanted(&attempt.outcome)).count()
            };
            write!(
                f,
                "{} held, {} leaked, {} not applicable; ",
                count(|o| matches!(o, Outcome::Held { .. })),
                count(|o| matches!(o, Outcome::Leaked { .. })),
                count(|o| matches!(o, Outcome::NotApplicable { .. })),
            )?;
        }
        write!(f, "{} found, {} suppressed", self.findings.len(), self.suppressed.len())
    }
}
