//! What lint finds in real databases, and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod broken;
mod clean;
mod documents;
mod examples;
mod fixture;
mod hostile;
mod login;
mod scale;
mod suppression;
mod undone;
mod whose;
