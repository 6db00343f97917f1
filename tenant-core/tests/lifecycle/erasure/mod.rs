//! A tenant's end.

mod chains;
mod chunks;
mod kills;
mod obstacles;
mod whole;
mod world;
