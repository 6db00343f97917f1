#![doc = include_str!("../README.md")]

mod config;

// The public interface.
pub use config::{Config, ConfigError, Suppression, duration, table_name};
