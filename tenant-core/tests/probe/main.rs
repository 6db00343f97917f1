//! The breach probe, against real databases: whole ones, and ones with a wall taken away.

mod clean;
mod edges;
mod fixture;
mod session;
mod twins;
