//! The catalogue of attempts. A code is never given to another attempt.

// A method of `Target<'_>` is no function of every `Target<'b>`; a closure is.
#![allow(clippy::redundant_closure_for_method_calls)]

mod context;
mod definitions;
mod keys;
mod oracles;
mod read;
mod roles;
mod routes;
mod server;
mod walls;
mod write;

use super::{
    kind::{Case, Cases, Kind},
    place::Place,
    target::Target,
};
use crate::Severity;

/// All of them, by code.
pub(super) fn all() -> Vec<&'static Kind> {
    [
        read::KINDS,
        oracles::KINDS,
        write::KINDS,
        keys::KINDS,
        walls::KINDS,
        context::KINDS,
        roles::KINDS,
        definitions::KINDS,
        routes::KINDS,
        server::KINDS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An attempt on each tenant table, whose success is an error.
const fn on_table(
    code: &'static str,
    name: &'static str,
    tries: &'static str,
    why: &'static str,
    cases: fn(&Target<'_>) -> Vec<Case>,
) -> Kind {
    let severity = Severity::Error;
    Kind { code, name, tries, why, severity, mend: None, cases: Cases::Table(cases) }
}

/// An attempt that is made once, whose success is an error.
const fn on_database(
    code: &'static str,
    name: &'static str,
    tries: &'static str,
    why: &'static str,
    cases: fn(&Place<'_>) -> Vec<Case>,
) -> Kind {
    let severity = Severity::Error;
    Kind { code, name, tries, why, severity, mend: None, cases: Cases::Database(cases) }
}

impl Kind {
    const fn mend(mut self, sql: &'static str) -> Self {
        self.mend = Some(sql);
        self
    }

    const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}
