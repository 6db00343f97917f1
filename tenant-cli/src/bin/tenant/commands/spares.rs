//! What was made beforehand, of `schemas` and `databases`.

use serde_json::json;

use crate::{
    app::App,
    args::Format,
    exit::{Answer, Failure},
    table::{Rows, many},
};

/// How many are lacking where so many are to be kept.
pub(super) fn lacking(keep: Option<u16>, there: usize) -> usize {
    keep.map_or(0, |keep| usize::from(keep).saturating_sub(there))
}

/// Those that are there; for people, after some were made, how many.
pub(super) fn answer(app: &App, made: Option<usize>, all: &[String]) -> Result<Answer, Failure> {
    let there = many(all.len(), "spare");
    if let Some(made) = made
        && app.format() == Format::Table
    {
        return Ok(Answer::done(format!("{made} made, so there are {there}.\n")));
    }
    let mut rows = Rows::new(["name"]);
    for name in all {
        rows.push([json!(name)]);
    }
    rows.summary = there + ".";
    rows.answer(app)
}
