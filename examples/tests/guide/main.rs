//! The guide: its links lead somewhere, its Rust compiles, its first steps lead to what they promise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blocks;
#[rustfmt::skip] // its lines are the documents'
mod databases;
mod escapes;
mod first_query;
#[rustfmt::skip] // its lines are the documents'
mod fragments;
mod links;
mod pages;
mod queries;
mod testing;
