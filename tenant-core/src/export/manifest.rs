use serde::{Deserialize, Serialize};

use super::{ExportFormat, digest::sha256};
use crate::{TenantId, Unnarrowed, quote::quoted};

/// The name of the manifest in a folder and in a tar stream.
pub(super) const MANIFEST: &str = "manifest.json";

/// What this version writes and reads.
pub(super) const FORMAT_VERSION: u32 = 1;

/// What an export holds, as its `manifest.json` says. It is written last: an export without one is
/// not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExportManifest {
    /// The version of the format: 1.
    pub format_version: u32,
    /// `true`; a manifest is not written before everything else is.
    pub complete: bool,
    /// Whose rows these are.
    pub tenant: TenantId,
    /// The tenant's slug in the registry.
    pub slug: String,
    /// How the rows are written.
    pub format: ExportFormat,
    /// Over the tables, their columns and their types: SHA-256, in hexadecimal digits.
    pub schema_version: String,
    /// The database's name.
    pub database: String,
    /// The server's version, as it says it.
    pub server_version: String,
    /// When the snapshot was taken, by the database's clock, in UTC.
    pub started_at: String,
    /// When the last row had been read, likewise.
    pub ended_at: String,
    /// How it is known that no policy left out a row.
    pub proof: Unnarrowed,
    /// The tables, parents before children as far as that can be.
    pub tables: Vec<ExportedTable>,
    /// Tables outside of the declaration that have a tenant column: they are not in the export.
    pub undeclared: Vec<String>,
    /// Over the manifest without this line, so that an accident in it is noticed: SHA-256, in
    /// hexadecimal digits.
    pub sha256: String,
}

/// A table in an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExportedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The column that says whose a row is. It is not in the files: an import fills it.
    pub tenant_column: String,
    /// How many rows.
    pub rows: u64,
    /// Over its rows in whatever order: the sum of their SHA-256.
    pub rows_digest: String,
    /// The columns, in the order of the files.
    pub columns: Vec<ExportedColumn>,
    /// The files, one in a folder, as many as are needed in a tar stream.
    pub files: Vec<ExportedFile>,
}

/// A column of an [`ExportedTable`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExportedColumn {
    /// Its name.
    pub name: String,
    /// Its type, as PostgreSQL writes it.
    #[serde(rename = "type")]
    pub sql_type: String,
}

/// A file of an [`ExportedTable`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExportedFile {
    /// Its name, beside the manifest.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl ExportManifest {
    /// All tables' rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// All files' bytes, without the manifest's own.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().flat_map(|table| &table.files).map(|file| file.bytes).sum()
    }

    /// The manifest with the checksum that belongs to it.
    pub(super) fn sealed(mut self) -> Result<Self, serde_json::Error> {
        self.sha256 = String::new();
        self.sha256 = sha256(&serde_json::to_vec(&self)?);
        Ok(self)
    }

    /// Whether its checksum is the one that belongs to it.
    pub(super) fn is_sealed(&self) -> Result<bool, serde_json::Error> {
        Ok(self.clone().sealed()?.sha256 == self.sha256)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl ExportedTable {
    /// Its schema and name, quoted, as they stand in SQL.
    pub fn sql_name(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}
