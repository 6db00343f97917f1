//! What core does in a database, and what both ORMs do with it side by side.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod assert_isolated;
mod binding;
mod cached;
mod documents;
mod export;
mod fixture;
mod hostile;
mod installer;
mod isolation;
mod jobs;
mod keys;
mod limits;
mod matrix;
mod messages;
mod migrations;
mod notifications;
mod registry;
mod search;
mod startup;
mod walls;
