//! Many databases behind one handle: which pools are open, and how many connections there are over
//! all of them.

mod connections;
mod databases;
mod metrics;
mod route;
mod routes;

pub use connections::{Member, Resting, Slot, Turn};
pub use databases::Databases;
pub use metrics::RouterMetrics;
pub use route::Routed;
pub use routes::Router;
