//! All of a tenant's rows as files, and back.

mod archive;
mod csv;
pub(crate) mod differences;
pub(crate) mod digest;
mod elsewhere;
mod error;
mod file_name;
mod format;
mod import;
pub(crate) mod insert;
mod manifest;
pub(crate) mod order;
mod out;
mod records;
pub(crate) mod sequences;
mod sink;
pub(crate) mod snapshot;
pub(crate) mod tables;

pub use archive::verify_export;
pub use error::{ExportError, ImportError};
pub use format::ExportFormat;
pub use import::Import;
pub use manifest::{ExportManifest, ExportedColumn, ExportedFile, ExportedTable};
pub use out::Export;
pub(crate) use out::check_key;
