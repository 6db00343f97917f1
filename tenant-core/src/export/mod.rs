//! All of a tenant's rows as files, and back.

mod csv;
mod digest;
mod error;
mod export;
mod file_name;
mod format;
mod manifest;
mod sink;
mod snapshot;
mod tables;

pub use error::{ExportError, ImportError};
pub use export::Export;
pub use format::ExportFormat;
pub use manifest::{ExportManifest, ExportedColumn, ExportedFile, ExportedTable};
