//! The files that an adoption writes.

mod checklist;
mod clippy;
mod declaration;
mod files;
mod settings;

pub(super) use checklist::checklist;
pub(super) use clippy::clippy;
pub(super) use declaration::{Entry, declaration};
pub(super) use files::Files;
pub(super) use settings::{Settings, settings, spelled};
