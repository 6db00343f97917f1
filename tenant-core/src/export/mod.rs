//! All of a tenant's rows as files, and back.

mod archive;
mod csv;
mod differences;
mod digest;
mod error;
mod file_name;
mod format;
mod import;
mod insert;
mod manifest;
mod order;
mod out;
mod records;
mod sequences;
mod sink;
mod snapshot;
mod tables;

pub use archive::verify_export;
pub use error::{ExportError, ImportError};
pub use format::ExportFormat;
pub use import::Import;
pub use manifest::{ExportManifest, ExportedColumn, ExportedFile, ExportedTable};
pub use out::Export;
