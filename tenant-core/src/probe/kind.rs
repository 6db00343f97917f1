//! A kind of attempt: what it tries, and on what.

use super::{
    judge::{Judge, Verdict, not_applicable},
    live::Actor,
    place::Place,
    target::Target,
};
use crate::Severity;

/// One kind of attempt.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// What it tries, for the document.
    pub(super) tries: &'static str,
    /// Why a leak matters.
    pub(super) why: &'static str,
    /// How bad a leak is.
    pub(super) severity: Severity,
    /// SQL that mends it, where it is obvious; filled like an attempt.
    pub(super) mend: Option<&'static str>,
    pub(super) cases: Cases,
}

/// On what an attempt is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cases {
    /// On each tenant table.
    Table(fn(&Target<'_>) -> Vec<Case>),
    /// Once.
    Database(fn(&Place<'_>) -> Vec<Case>),
}

/// One attempt to be made.
#[derive(Debug)]
pub(super) struct Case {
    /// What is attacked, if it is not the table or the database.
    pub(super) object: Option<String>,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Run { actor: Actor, body: String, judge: Judge },
    Known(Verdict),
}

impl Case {
    pub(super) fn run(actor: Actor, body: String, judge: Judge) -> Self {
        Self { object: None, action: Action::Run { actor, body, judge } }
    }

    pub(super) fn known(verdict: Verdict) -> Self {
        Self { object: None, action: Action::Known(verdict) }
    }

    pub(super) fn on(mut self, object: String) -> Self {
        self.object = Some(object);
        self
    }
}

/// It is not applicable here.
pub(super) fn never(why: &'static str) -> Vec<Case> {
    vec![Case::known(not_applicable(why))]
}

pub(super) const ONE_ROLE: &str = "the layout has one role for everything";
pub(super) const NO_ROW: &str = "no row of the other tenant could be planted or found";
pub(super) const NOT_OURS: &str = "no row could be planted, and rows that were there are only read";
