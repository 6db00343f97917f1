//! Findings that somebody has answered, in code or by a comment on the object.

use super::rules;
use crate::{Error, Finding};

/// What a line of a comment begins with, somewhere.
const MARK: &str = "tenancy: allow";

/// A finding that may stay, and why.
#[derive(Debug, Clone)]
pub(super) struct Suppression {
    pub(super) code: String,
    pub(super) object: String,
    pub(super) reason: String,
}

impl Suppression {
    pub(super) fn check(&self) -> Result<(), Error> {
        let why = if self.reason.trim().is_empty() {
            "it has no reason"
        } else if rules::by_code(&self.code).is_none() {
            "there is no lint of that code"
        } else {
            return Ok(());
        };
        let (code, object) = (self.code.clone(), self.object.clone());
        Err(Error::InvalidSuppression { code, object, why })
    }
}

/// A comment on an object that says `tenancy: allow`.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) class: u64,
    pub(super) object: u64,
    pub(super) label: String,
    pub(super) text: String,
}

/// Where a suppression holds.
#[derive(Debug)]
enum Place {
    /// What the finding says it was found on.
    Named(String),
    /// The object with the comment, and what it is called.
    Commented { class: u64, object: u64, label: String },
}

#[derive(Debug)]
struct Answer {
    place: Place,
    code: String,
    reason: String,
    used: bool,
}

/// All suppressions of one run, and which of them have been used.
#[derive(Debug)]
pub(super) struct Suppressions {
    answers: Vec<Answer>,
    unreasoned: Vec<Finding>,
}

impl Suppressions {
    pub(super) fn new(in_code: &[Suppression]) -> Self {
        let answers = in_code.iter().map(|suppression| Answer {
            place: Place::Named(suppression.object.clone()),
            code: suppression.code.clone(),
            reason: suppression.reason.trim().to_owned(),
            used: false,
        });
        Self { answers: answers.collect(), unreasoned: Vec::new() }
    }

    /// Takes what a comment says: one code and one reason for each line that has the mark.
    pub(super) fn comment(&mut self, comment: &Comment) {
        for line in comment.text.lines() {
            let Some((_, said)) = line.split_once(MARK) else { continue };
            let (code, reason) = read(said);
            if reason.is_empty() {
                let found = format!("its comment allows `{code}` without `because` and a reason");
                self.unreasoned.extend(meta("TEN901", &comment.label, found));
                continue;
            }
            self.answers.push(Answer {
                place: Place::Commented {
                    class: comment.class,
                    object: comment.object,
                    label: comment.label.clone(),
                },
                code: code.to_owned(),
                reason: reason.to_owned(),
                used: false,
            });
        }
    }

    /// Why this finding may stay, if somebody has said so.
    pub(super) fn reason(&mut self, class: u64, object: u64, finding: &Finding) -> Option<String> {
        let mut reason = None;
        // All that fit are used: one said twice is no stale one.
        for answer in &mut self.answers {
            let here = match &answer.place {
                Place::Named(name) => *name == finding.object,
                Place::Commented { class: c, object: o, .. } => (*c, *o) == (class, object),
            };
            if here && answer.code == finding.code {
                answer.used = true;
                reason.get_or_insert_with(|| answer.reason.clone());
            }
        }
        reason
    }

    /// What is to be said of the suppressions themselves.
    pub(super) fn rest(self) -> Vec<Finding> {
        let mut findings = self.unreasoned;
        for answer in self.answers.into_iter().filter(|answer| !answer.used) {
            let (object, place) = match &answer.place {
                Place::Named(name) => (name, "the lint is told to allow"),
                Place::Commented { label, .. } => (label, "its comment allows"),
            };
            let found = format!("{place} {}, which is not found on it", answer.code);
            findings.extend(meta("TEN902", object, found));
        }
        findings
    }
}

/// ` TEN012 because of that` as its code and its reason.
fn read(said: &str) -> (&str, &str) {
    let said = said.trim();
    let (code, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let reason = rest.trim().strip_prefix("because").unwrap_or_default().trim();
    (code.trim_end_matches([':', ',', ';', '.']), reason)
}

fn meta(code: &str, object: &str, found: String) -> Option<Finding> {
    rules::by_code(code).map(|rule| Finding {
        code: rule.code,
        name: rule.name,
        severity: rule.severity,
        object: object.to_owned(),
        found,
        why: rule.why,
        mend: None,
        source: rule.source.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_code_and_reason() {
        assert_eq!(read(" TEN012 because of that"), ("TEN012", "of that"));
        assert_eq!(read(" TEN012, because  it is so "), ("TEN012", "it is so"));
        assert_eq!(read(" TEN012 because "), ("TEN012", ""));
        assert_eq!(read(" TEN012 it is so"), ("TEN012", ""));
        assert_eq!(read(""), ("", ""));
    }

    #[test]
    fn a_suppression_wants_a_reason_and_a_lint() {
        let suppression = |code: &str, reason: &str| Suppression {
            code: code.into(),
            object: "table public.plans".into(),
            reason: reason.into(),
        };
        assert!(suppression("TEN001", "ticket 4711").check().is_ok());
        assert!(suppression("TEN001", " \n").check().is_err());
        assert!(suppression("TEN999", "ticket 4711").check().is_err());
    }
}
