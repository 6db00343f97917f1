//! A table's rows out of its files, each checked on the way: form, number, bytes and SHA-256.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    slice,
};

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{
    ExportFormat, ExportedFile, ExportedTable, ImportError,
    archive::Archive,
    csv,
    digest::{FileDigest, RowsDigest},
};

/// The longest row: PostgreSQL has no longer text.
const MOST_ROW: usize = 1 << 30;

pub(super) struct Records<'a> {
    archive: &'a Archive,
    table: &'a ExportedTable,
    columns: Vec<String>,
    files: slice::Iter<'a, ExportedFile>,
    open: Option<Open<'a>>,
    digest: RowsDigest,
}

struct Open<'a> {
    file: &'a ExportedFile,
    reader: BufReader<Box<dyn Read + Send>>,
    digest: FileDigest,
    rows: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(archive: &'a Archive, table: &'a ExportedTable) -> Self {
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let (files, digest) = (table.files.iter(), RowsDigest::default());
        Self { archive, table, columns, files, open: None, digest }
    }

    /// The next row, as a JSON object; `None` when all files were read and are as the manifest says.
    pub(super) fn next(&mut self) -> Result<Option<String>, ImportError> {
        loop {
            if self.open.is_none() {
                let Some(file) = self.files.next() else { return self.end() };
                self.open = Some(self.begin(file)?);
            }
            let Some(open) = &mut self.open else { continue };
            let format = self.archive.manifest.format;
            if let Some(record) = open.record(format)? {
                open.rows += 1;
                self.digest.add(record.as_bytes());
                let json = match format {
                    ExportFormat::NdJson => is_row(&record, &self.columns).then_some(record),
                    ExportFormat::Csv => csv::to_json(&record, &self.columns),
                };
                let why =
                    || format!("row {} is not of the columns that the manifest names", open.rows);
                return json.map(Some).ok_or_else(|| differs(open.file, why()));
            }
            if let Some(open) = self.open.take() {
                open.end()?;
            }
        }
    }

    fn begin(&self, file: &'a ExportedFile) -> Result<Open<'a>, ImportError> {
        let reader = BufReader::with_capacity(1 << 16, self.archive.file(&file.name)?);
        let mut open = Open { file, reader, digest: FileDigest::default(), rows: 0 };
        if self.archive.manifest.format == ExportFormat::Csv {
            let header = open.record(ExportFormat::Csv)?.unwrap_or_default();
            let named: Vec<String> = self.columns.iter().map(|name| csv::quote(name)).collect();
            if header != named.join(",") {
                let why = "its first line does not name the columns that the manifest names";
                return Err(differs(file, why.to_owned()));
            }
        }
        Ok(open)
    }

    fn end(&mut self) -> Result<Option<String>, ImportError> {
        if self.digest.text() == self.table.rows_digest {
            return Ok(None);
        }
        let file = self.table.sql_name();
        Err(ImportError::File { file, why: "its rows have another checksum".to_owned() })
    }
}

impl Open<'_> {
    /// The next line, or lines, without the last line's end.
    fn record(&mut self, format: ExportFormat) -> Result<Option<String>, ImportError> {
        let (mut bytes, mut quotes) = (Vec::new(), csv::Quotes::default());
        loop {
            let before = bytes.len();
            let most = (MOST_ROW - bytes.len().min(MOST_ROW)) as u64;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut bytes);
            let read =
                read.map_err(|source| ImportError::Io { what: self.file.name.clone(), source })?;
            if read == 0 && bytes.is_empty() {
                return Ok(None);
            }
            if read == 0 || bytes.last() != Some(&b'\n') {
                return Err(differs(self.file, "it is cut off within a row".to_owned()));
            }
            quotes.read(&bytes[before..]);
            if format != ExportFormat::Csv || quotes.is_whole() {
                break;
            }
        }
        self.digest.update(&bytes);
        bytes.pop();
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| differs(self.file, "it is not UTF-8".to_owned()))
    }

    fn end(self) -> Result<(), ImportError> {
        let ExportedFile { rows, bytes, sha256, .. } = self.file;
        if self.rows != *rows {
            return Err(differs(self.file, format!("it has {} rows, not {rows}", self.rows)));
        }
        if self.digest.bytes != *bytes || self.digest.finish() != *sha256 {
            return Err(differs(self.file, "its SHA-256 is another".to_owned()));
        }
        Ok(())
    }
}

fn differs(file: &ExportedFile, why: String) -> ImportError {
    ImportError::File { file: file.name.clone(), why }
}

/// Whether a line is one JSON object with these keys in this order, and nothing within it.
fn is_row(line: &str, columns: &[String]) -> bool {
    let mut json = serde_json::Deserializer::from_str(line);
    json.deserialize_map(Row(columns)).is_ok() && json.end().is_ok()
}

struct Row<'a>(&'a [String]);

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the manifest's columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for column in self.0 {
            let key: Option<String> = map.next_key()?;
            if key.as_ref() != Some(column) {
                return Err(A::Error::custom("another key"));
            }
            map.next_value::<Scalar>()?;
        }
        match map.next_key::<String>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom("one key more")),
        }
    }
}

/// A text, a number, `true`, `false` or `null`.
struct Scalar;

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar)
    }
}

impl Visitor<'_> for Scalar {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false or null")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_one_row_of_the_columns_is_refused() {
        let columns = ["id".to_owned(), "name".to_owned()];
        for good in [r#"{"id":1,"name":null}"#, r#"{"id":-0,"name":"a\n\u2028"}"#] {
            assert!(is_row(good, &columns), "{good}");
        }
        for bad in [
            r#"{"id":1}"#,
            r#"{"id":1,"name":"a","tenant_id":2}"#,
            r#"{"id":1,"id":2}"#,
            r#"{"id":1,"name":"a"},{"id":2,"name":"b"}"#,
            r#"{"id":1,"name":{"a":1}}"#,
            r#"{"id":1,"name":["a"]}"#,
            r#"[{"id":1,"name":"a"}]"#,
            "",
        ] {
            assert!(!is_row(bad, &columns), "{bad}");
        }
    }
}
