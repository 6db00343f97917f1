//! A tenant's end.

mod chunks;
mod kills;
mod obstacles;
mod whole;
mod world;
