//! A report as a table for terminals.

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};

use super::{Outcome, Report};

/// Narrower, and the sentences become columns of words.
const NARROWEST: u16 = 60;

impl Report {
    /// The findings as a table of this many columns of text, worst first, then what leaked, then
    /// what is suppressed. What mends them is left to [`Display`](std::fmt::Display): SQL that a
    /// table has wrapped cannot be copied.
    pub fn table(&self, width: u16) -> String {
        let mut table = Table::new();
        table
            .load_preset(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.max(NARROWEST))
            .set_header(["severity", "code", "object", "found"]);
        let mut row = |cells: [&str; 4]| {
            table.add_row(cells.map(one_line));
        };
        for finding in &self.findings {
            let severity = finding.severity.to_string();
            row([&severity, finding.code, &finding.object, &finding.found]);
        }
        for attempt in &self.attempts {
            if let Outcome::Leaked { evidence } = &attempt.outcome {
                row(["leaked", attempt.code, &attempt.object, evidence]);
            }
        }
        for suppressed in &self.suppressed {
            let finding = &suppressed.finding;
            row(["suppressed", finding.code, &finding.object, &suppressed.reason]);
        }
        table.to_string()
    }
}

/// A name may have line breaks, and what steers a terminal; a table's cell may not.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
