use serde::{Deserialize, Serialize};

/// How an export's rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExportFormat {
    /// One JSON object per line. `smallint`, `integer`, `boolean` and finite floats are JSON's own;
    /// everything else is the text that PostgreSQL prints, so that no reader's floating point
    /// rounds a `bigint` or a `numeric`.
    #[default]
    NdJson,
    /// As PostgreSQL's `COPY … (FORMAT csv, HEADER)` reads it: a value is quoted, NULL is nothing
    /// between two commas, the empty text is `""`.
    Csv,
}

impl ExportFormat {
    /// What the files' names end in.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::NdJson => "ndjson",
            Self::Csv => "csv",
        }
    }
}
