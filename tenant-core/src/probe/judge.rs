//! From what an attempt brought to what came of it. When in doubt an attempt is inconclusive: a
//! false "held" is the worst that a probe can say.

use std::borrow::Cow;

use super::live::{Seen, UNDO};

/// Raised by an attempt that finds nothing to work on.
pub(super) const NO_VALUE: &str = "TNPNV";

/// Raised by an attempt that another constraint than the one it is about refuses first.
pub(super) const OTHER_KEY: &str = "TNPOK";

/// How an attempt is to be judged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judge {
    /// It reads; the same query must show the tenant's own row.
    Reads,
    /// It changes rows; the same statement must change the tenant's own.
    Writes,
    /// It inserts for another tenant.
    Inserts,
    /// It must be refused, with one of these codes.
    Refused(&'static [&'static str]),
    /// It must be refused with one of these codes, or see nothing.
    Blind(&'static [&'static str]),
    /// It asks whether something exists; `seen` is 1 when it was told.
    Told,
    /// It asks the catalogue; `seen` counts what should not be, `note` names it.
    Catalogue,
    /// It switches the tenant, which only a sealed context refuses.
    Forges {
        /// Whether the context is sealed.
        sealed: bool,
    },
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Held(Cow<'static, str>),
    Leaked(String),
    NotApplicable(Cow<'static, str>),
    /// Not applicable, and somebody should look: it is found as a warning too.
    Unproven(String),
}

pub(super) fn not_applicable(why: &'static str) -> Verdict {
    Verdict::NotApplicable(Cow::Borrowed(why))
}

const DENIED: &str = "42501";

impl Judge {
    pub(super) fn of(self, seen: &Seen) -> Verdict {
        match self {
            Self::Reads => reads(seen, "could be read"),
            Self::Writes => reads(seen, "could be changed"),
            Self::Inserts => inserts(seen),
            Self::Refused(codes) => refused(seen, codes),
            Self::Blind(codes) => blind(seen, codes),
            Self::Told => told(seen),
            Self::Catalogue => catalogue(seen),
            Self::Forges { sealed } => forges(seen, sealed),
        }
    }
}

fn leaked(seen: &Seen, what: &str) -> Option<Verdict> {
    let rows = seen.others.filter(|rows| *rows > 0)?;
    let note = seen.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let many = if rows == 1 { "row" } else { "rows" };
    Some(Verdict::Leaked(format!("{rows} {many} of another tenant {what}{note}")))
}

fn inconclusive(seen: &Seen) -> Verdict {
    let state = seen.state.as_str();
    let why = match (seen.stage.as_str(), state) {
        (_, NO_VALUE) => "the planted row has no value there".to_owned(),
        (_, OTHER_KEY) => "another constraint refuses first".to_owned(),
        (_, "55P03") => "the table is locked by somebody (55P03)".to_owned(),
        ("opening" | "prepare", _) => format!("it could not be prepared ({state})"),
        ("control", UNDO) => "the same statement does not reach the tenant's own row".to_owned(),
        ("control", _) => format!("the same statement fails on the tenant's own row ({state})"),
        (_, UNDO) => "the same statement does not reach the tenant's own row".to_owned(),
        _ => format!("inconclusive: it failed for another reason ({state})"),
    };
    Verdict::NotApplicable(why.into())
}

fn held(state: &str) -> Verdict {
    Verdict::Held(format!("refused ({state})").into())
}

/// An integrity violation that names a constraint comes after row security has let a row pass.
fn passed_the_policies(seen: &Seen) -> bool {
    seen.state.starts_with("23") && seen.constraint.as_ref().is_some_and(|name| !name.is_empty())
}

fn reads(seen: &Seen, what: &str) -> Verdict {
    if let Some(leaked) = leaked(seen, what) {
        return leaked;
    }
    match (seen.stage.as_str(), seen.state.as_str()) {
        ("attack", DENIED) => held(DENIED),
        ("attack", _) if passed_the_policies(seen) => Verdict::Leaked(format!(
            "row security let the statement pass; only a constraint refused it ({})",
            seen.state
        )),
        ("done", UNDO) if seen.own.is_some_and(|own| own > 0) => Verdict::Held("no rows".into()),
        ("control", _) if seen.others == Some(0) && passed_the_policies(seen) => {
            Verdict::Held("no rows".into())
        }
        _ => inconclusive(seen),
    }
}

fn inserts(seen: &Seen) -> Verdict {
    if let Some(rows) = seen.others.filter(|rows| *rows > 0) {
        return Verdict::Leaked(format!("{rows} row(s) were put in for another tenant"));
    }
    match (seen.stage.as_str(), seen.state.as_str()) {
        ("attack", DENIED) => held(DENIED),
        ("attack", state) if passed_the_policies(seen) => Verdict::Leaked(format!(
            "row security let the row pass; only a constraint refused it ({state})"
        )),
        _ => inconclusive(seen),
    }
}

fn refused(seen: &Seen, codes: &[&str]) -> Verdict {
    match (seen.stage.as_str(), seen.state.as_str()) {
        ("done", UNDO) => Verdict::Leaked(match &seen.note {
            Some(note) => format!("it was let through: {note}"),
            None => "it was let through".to_owned(),
        }),
        ("attack", state) if codes.contains(&state) => held(state),
        _ => inconclusive(seen),
    }
}

fn blind(seen: &Seen, codes: &[&str]) -> Verdict {
    if let Some(leaked) = leaked(seen, "were reached") {
        return leaked;
    }
    match (seen.stage.as_str(), seen.state.as_str()) {
        ("attack", state) if codes.contains(&state) => held(state),
        ("attack", _) if passed_the_policies(seen) => {
            Verdict::Leaked("row security let the statement pass".to_owned())
        }
        ("done", UNDO) if seen.others == Some(0) => Verdict::Held("no rows".into()),
        _ => inconclusive(seen),
    }
}

fn told(seen: &Seen) -> Verdict {
    match (seen.stage.as_str(), seen.state.as_str(), seen.others) {
        (_, _, Some(1..)) => Verdict::Leaked(match &seen.note {
            Some(note) => format!("the answer tells that another tenant's value exists: {note}"),
            None => "the answer tells that another tenant's value exists".to_owned(),
        }),
        ("done", UNDO, Some(0)) => Verdict::Held("the answer is the same with and without".into()),
        _ => inconclusive(seen),
    }
}

fn catalogue(seen: &Seen) -> Verdict {
    match (seen.stage.as_str(), seen.state.as_str(), seen.others) {
        ("done", UNDO, Some(0)) => Verdict::Held("the catalogue grants nothing of it".into()),
        ("done", UNDO, Some(1..)) => Verdict::Leaked(format!(
            "by the catalogue: {}",
            seen.note.as_deref().unwrap_or("it is granted")
        )),
        _ => inconclusive(seen),
    }
}

fn forges(seen: &Seen, sealed: bool) -> Verdict {
    match reads(seen, "could be read") {
        Verdict::Leaked(_) if !sealed => not_applicable(
            "it works: SQL that runs in a tenant's transaction can name another tenant; only the \
             sealed context refuses that",
        ),
        // The own row is out of reach for a context that was broken on purpose.
        Verdict::NotApplicable(_)
            if seen.stage == "attack" && matches!(seen.state.as_str(), "28000" | "42501") =>
        {
            held(&seen.state)
        }
        Verdict::NotApplicable(_) if seen.stage == "done" && seen.others == Some(0) => {
            Verdict::Held("no rows".into())
        }
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(stage: &str, code: &str, rows: Option<i64>, own: Option<i64>) -> Seen {
        Seen { stage: stage.into(), state: code.into(), others: rows, own, ..Seen::default() }
    }

    #[test]
    fn a_read_is_held_only_where_the_own_row_was_seen_or_the_attack_itself_was_refused() {
        let of = |s: &Seen| Judge::Reads.of(s);
        assert!(matches!(of(&seen("done", UNDO, Some(0), Some(1))), Verdict::Held(_)));
        assert!(matches!(of(&seen("attack", "42501", None, None)), Verdict::Held(_)));
        assert!(matches!(of(&seen("done", UNDO, Some(2), Some(0))), Verdict::Leaked(_)));
        for unclear in [
            seen("done", UNDO, Some(0), Some(0)),
            seen("opening", "42501", None, None),
            seen("prepare", "42501", None, None),
            seen("control", "42501", Some(0), None),
            seen("attack", "42601", None, None),
            seen("attack", "55P03", None, None),
            Seen::default(),
        ] {
            assert!(matches!(of(&unclear), Verdict::NotApplicable(_)), "{unclear:?}");
        }
    }

    #[test]
    fn a_constraint_that_refuses_shows_that_no_policy_did() {
        let mut refused = seen("attack", "23505", None, None);
        refused.constraint = Some("x_key".into());
        assert!(matches!(Judge::Inserts.of(&refused), Verdict::Leaked(_)));
        refused.constraint = None;
        assert!(matches!(Judge::Inserts.of(&refused), Verdict::NotApplicable(_)));
    }

    #[test]
    fn only_the_expected_refusal_counts() {
        let judge = Judge::Refused(&["42501"]);
        assert!(matches!(judge.of(&seen("attack", "42501", None, None)), Verdict::Held(_)));
        assert!(matches!(judge.of(&seen("done", UNDO, None, None)), Verdict::Leaked(_)));
        for state in ["23502", "42601", "0A000", "57014"] {
            let verdict = judge.of(&seen("attack", state, None, None));
            assert!(matches!(verdict, Verdict::NotApplicable(_)), "{state}");
        }
    }
}
