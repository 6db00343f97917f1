#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(unix))]
compile_error!("tenant-testkit starts PostgreSQL the way Unix does it; on Windows, use WSL");

mod assert_isolated;
mod background;
mod credentials;
mod data_directory;
mod database;
#[cfg(feature = "download")]
mod download;
mod drop_database;
mod error;
mod external_server;
mod find;
mod home;
mod log;
mod own_server;
mod programs;
mod proxy;
mod server;
mod server_user;
mod session;
mod template;
mod url;
mod watchdog;

// The public interface.
pub use assert_isolated::{assert_isolated, assert_isolated_between};
pub use database::TestDatabase;
pub use error::Error;
pub use proxy::Proxy;
pub use server::TestServer;
pub use session::TestSession;
