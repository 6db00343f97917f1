//! A lint's or a probe's report in every format.

use tenant_core::{Outcome, Report, Severity};

use crate::{
    app::App,
    args::{FailOn, Format},
    exit::{Answer, Failure},
    screen::{BAD, GOOD, Screen, WARNING},
    table::{many, markdown_cell, pretty},
};

impl FailOn {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        }
    }
}

pub(crate) fn answer(app: &App, report: &Report, fail_on: FailOn) -> Result<Answer, Failure> {
    let text = match app.format() {
        Format::Json => pretty(report)?,
        Format::Sarif => pretty(&report.sarif())?,
        Format::Markdown => markdown(report),
        _ => people(report),
    };
    Ok(Answer::found(text, is_bad(report, fail_on)))
}

pub(crate) fn is_bad(report: &Report, fail_on: FailOn) -> bool {
    report.at_least(fail_on.severity()).next().is_some() || leaks(report) > 0
}

pub(crate) fn leaks(report: &Report) -> usize {
    let leaked = |outcome: &Outcome| matches!(outcome, Outcome::Leaked { .. });
    report.attempts.iter().filter(|attempt| leaked(&attempt.outcome)).count()
}

fn held(report: &Report) -> usize {
    let held = |outcome: &Outcome| matches!(outcome, Outcome::Held { .. });
    report.attempts.iter().filter(|attempt| held(&attempt.outcome)).count()
}

fn count(report: &Report, severity: Severity) -> usize {
    report.findings.iter().filter(|finding| finding.severity == severity).count()
}

/// One line that says it all.
pub(crate) fn summary(report: &Report) -> String {
    let (errors, warnings) = (count(report, Severity::Error), count(report, Severity::Warning));
    let infos = count(report, Severity::Info);
    let mut parts = Vec::new();
    if !report.attempts.is_empty() {
        let rest = report.attempts.len() - held(report) - leaks(report);
        parts.push(format!(
            "{} attacks held, {} got through, {rest} not applicable",
            held(report),
            leaks(report)
        ));
    }
    parts.push([many(errors, "error"), many(warnings, "warning"), many(infos, "hint")].join(", "));
    parts.push(format!("{} answered with a reason", report.suppressed.len()));
    parts.join("; ")
}

fn people(report: &Report) -> String {
    let mut out = String::new();
    let shown = !report.findings.is_empty() || leaks(report) > 0 || !report.suppressed.is_empty();
    if shown {
        out.push_str(&report.table(Screen::width()));
        out.push('\n');
    }
    let mends = report.findings.iter().filter_map(|f| Some((f, f.mend.as_ref()?)));
    for (number, (finding, mend)) in mends.enumerate() {
        let head = if number == 0 { "\nWhat mends it, to be read before it is run:\n" } else { "" };
        let object = crate::table::one_line(&finding.object);
        out.push_str(&format!("{head}\n-- {} {object}\n{mend}\n", finding.code));
    }
    let style = if count(report, Severity::Error) + leaks(report) > 0 {
        BAD
    } else if count(report, Severity::Warning) > 0 {
        WARNING
    } else {
        GOOD
    };
    if shown {
        out.push('\n');
    }
    out.push_str(&format!("{style}{}{style:#}\n", summary(report)));
    out
}

/// As a table, with the SQL that mends below it.
pub(crate) fn markdown(report: &Report) -> String {
    let mut out = format!("{}.\n", summary(report));
    if !report.findings.is_empty() || leaks(report) > 0 {
        out.push_str("\n| severity | code | object | found |\n|---|---|---|---|\n");
    }
    let row = |severity: &str, code: &str, object: &str, found: &str| {
        format!("| {severity} | {code} | {} | {} |\n", markdown_cell(object), markdown_cell(found))
    };
    for finding in &report.findings {
        let severity = finding.severity.to_string();
        out.push_str(&row(&severity, finding.code, &finding.object, &finding.found));
    }
    for attempt in &report.attempts {
        if let Outcome::Leaked { evidence } = &attempt.outcome {
            out.push_str(&row("leaked", attempt.code, &attempt.object, evidence));
        }
    }
    for finding in &report.findings {
        if let Some(mend) = &finding.mend {
            // A fence that the SQL does not have in it.
            let fence = "`".repeat(3.max(longest_run(mend) + 1));
            let object = markdown_cell(&finding.object);
            out.push_str(&format!("\n{} {object}:\n\n{fence}sql\n{mend}\n{fence}\n", finding.code));
        }
    }
    for suppressed in &report.suppressed {
        let (finding, reason) = (&suppressed.finding, markdown_cell(&suppressed.reason));
        out.push_str(&format!(
            "\nAnswered: {} {}: {reason}\n",
            finding.code,
            markdown_cell(&finding.object)
        ));
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}
