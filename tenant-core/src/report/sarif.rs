//! A report as SARIF 2.1.0, which code hosts show beside the code.
//!
//! Written by hand: a crate of the whole standard generates some hundred types at build time, and
//! this needs six.

use serde_json::{Value, json};

use super::{Finding, Outcome, Report};
use crate::{Lint, Rule, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

impl Report {
    /// The report as a SARIF 2.1.0 log: every lint as a rule, every finding and every leak as a
    /// result. A database has no files, so places are logical ones; what was answered carries a
    /// suppression with its reason.
    pub fn sarif(&self) -> Value {
        let mut results: Vec<Value> =
            self.findings.iter().map(|finding| result(finding, None)).collect();
        results.extend(self.attempts.iter().filter_map(|attempt| match &attempt.outcome {
            Outcome::Leaked { evidence } => Some(json!({
                "ruleId": attempt.code,
                "level": "error",
                "message": { "text": format!("{}: {evidence}", attempt.name) },
                "locations": [location(&attempt.object)],
            })),
            _ => None,
        }));
        let suppressed = self.suppressed.iter();
        results.extend(suppressed.map(|s| result(&s.finding, Some(&s.reason))));
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "tenant-core",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": Lint::rules().iter().map(rule).collect::<Vec<_>>(),
                } },
                "results": results,
            }],
        })
    }
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.finds },
        "fullDescription": { "text": rule.why },
        "helpUri": rule.source,
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(finding: &Finding, reason: Option<&str>) -> Value {
    let mut text = format!("{}: {}. {}", finding.object, finding.found, finding.why);
    if let Some(mend) = &finding.mend {
        text.push_str(&format!(" Mended by: {mend}"));
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location(&finding.object)],
        // What makes it the same finding in the next run.
        "partialFingerprints": { "object/v1": format!("{} {}", finding.code, finding.object) },
    });
    if let Some(index) = Lint::rules().iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(reason) = reason {
        result["suppressions"] = json!([{ "kind": "external", "justification": reason }]);
    }
    result
}

/// `table public.invoices` as a kind and a name.
fn location(object: &str) -> Value {
    let (kind, name) = object.split_once(' ').unwrap_or(("object", object));
    json!({ "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }] })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Attempt, Suppressed};

    fn finding(code: &str, object: &str) -> Finding {
        let rule = Lint::rules().iter().find(|rule| rule.code == code).unwrap();
        Finding {
            code: rule.code,
            name: rule.name,
            severity: rule.severity,
            object: object.into(),
            found: "row security is off".into(),
            why: rule.why,
            mend: Some("SELECT 1;".into()),
            source: rule.source.into(),
        }
    }

    fn report() -> Report {
        let attempt = |code, name, outcome| Attempt {
            code,
            name,
            object: "table public.invoices".into(),
            outcome,
        };
        Report {
            findings: vec![
                finding("TEN001", "table public.\"in\nvoices\""),
                finding("TEN405", "server"),
            ],
            suppressed: vec![Suppressed {
                finding: finding("TEN002", "table public.plans"),
                reason: "nobody reads it".into(),
            }],
            attempts: vec![
                attempt("ATK001", "read_all", Outcome::Leaked { evidence: "3 rows".into() }),
                attempt("ATK002", "count_all", Outcome::Held { how: "no rows".into() }),
            ],
        }
    }

    /// What the standard's schema demands of the parts that are used.
    #[test]
    fn sarif_has_what_the_standard_demands() {
        let log = report().sarif();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(log["runs"].as_array().unwrap().len(), 1);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: HashSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), Lint::rules().len(), "each rule once");
        for rule in rules {
            assert!(rule["shortDescription"]["text"].is_string());
            assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"));
        }
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 4, "two findings, one leak, one suppressed");
        for result in results {
            let level = result["level"].as_str().unwrap();
            assert!(["none", "note", "warning", "error"].contains(&level));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let place = &result["locations"][0]["logicalLocations"][0];
            assert!(!place["fullyQualifiedName"].as_str().unwrap().is_empty());
            if let Some(index) = result["ruleIndex"].as_u64() {
                let index = usize::try_from(index).unwrap();
                assert_eq!(rules[index]["id"], result["ruleId"]);
            }
        }
        assert_eq!(results[0]["locations"][0]["logicalLocations"][0]["kind"], "table");
        assert_eq!(results[3]["suppressions"][0]["justification"], "nobody reads it");
        assert_eq!(results[0].get("suppressions"), None);
    }

    #[test]
    fn a_table_has_a_line_for_each_and_stays_within_its_width() {
        let table = report().table(80);
        for text in ["TEN001", "TEN002", "TEN405", "ATK001", "suppressed", "leaked", "3 rows"] {
            assert!(table.contains(text), "{text}\n{table}");
        }
        assert!(!table.contains("ATK002"), "what held is no line:\n{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }

    #[test]
    fn json_keeps_what_tools_want() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["findings"][0]["code"], "TEN001");
        assert_eq!(json["findings"][0]["severity"], "error");
        assert_eq!(json["suppressed"][0]["reason"], "nobody reads it");
        assert_eq!(json["attempts"][0]["outcome"]["outcome"], "leaked");
    }
}
