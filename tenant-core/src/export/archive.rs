//! An export as it lies there: a folder or a tar file, of which nothing is believed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    ExportManifest, ImportError,
    digest::sha256,
    file_name,
    manifest::{FORMAT_VERSION, MANIFEST},
    records::Records,
};

/// More than any manifest has.
const MOST_MANIFEST: u64 = 64 << 20;

/// An export whose manifest holds together; its files are checked as they are read.
#[derive(Debug)]
pub(super) struct Archive {
    place: Place,
    pub(super) manifest: ExportManifest,
    /// SHA-256 of the manifest's file.
    pub(super) manifest_sha256: String,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    /// Where each entry's bytes begin, and how many they are: nothing is unpacked.
    Tar {
        path: PathBuf,
        entries: BTreeMap<String, (u64, u64)>,
    },
}

/// Reads an export, in a folder or a tar file, as an import does before it writes anything: the
/// manifest, and of each file the bytes, the rows and the SHA-256. No database is needed.
///
/// It blocks while it reads.
///
/// ```no_run
/// let manifest = tenant_core::verify_export("export-acme")?;
/// println!("{manifest:?}");
/// # Ok::<(), tenant_core::ImportError>(())
/// ```
///
/// # Errors
/// [`ImportError`] with the first thing that is not as it should be.
pub fn verify_export(path: impl AsRef<Path>) -> Result<ExportManifest, ImportError> {
    let archive = Archive::open(path.as_ref())?;
    archive.verify()?;
    Ok(archive.manifest)
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let io = |source| ImportError::Io { what: path.display().to_string(), source };
        let place = if path.is_dir() {
            Place::Folder(path.to_owned())
        } else {
            Place::Tar { path: path.to_owned(), entries: entries(path).map_err(io)? }
        };
        let mut bytes = Vec::new();
        match place.open(MANIFEST) {
            Ok(file) => file.take(MOST_MANIFEST).read_to_end(&mut bytes).map_err(io)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImportError::NotComplete(path.to_owned()));
            }
            Err(source) => return Err(io(source)),
        };
        let manifest = check(&bytes).map_err(ImportError::Manifest)?;
        Ok(Self { place, manifest, manifest_sha256: sha256(&bytes) })
    }

    /// Reads every file to its end.
    pub(super) fn verify(&self) -> Result<(), ImportError> {
        for table in &self.manifest.tables {
            let mut records = Records::new(self, table);
            while records.next()?.is_some() {}
        }
        Ok(())
    }

    pub(super) fn file(&self, name: &str) -> Result<Box<dyn Read + Send>, ImportError> {
        self.place.open(name).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => {
                ImportError::File { file: name.to_owned(), why: "it is missing".to_owned() }
            }
            _ => ImportError::Io { what: name.to_owned(), source },
        })
    }
}

impl Place {
    /// Names come from a manifest that was checked, so each is a plain name.
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                if !path.symlink_metadata()?.is_file() {
                    return Err(io::Error::other("it is no plain file"));
                }
                Ok(Box::new(fs::File::open(path)?))
            }
            Self::Tar { path, entries } => {
                let (start, size) = entries.get(name).ok_or(io::ErrorKind::NotFound)?;
                let mut file = fs::File::open(path)?;
                if file.metadata()?.len() < start.saturating_add(*size) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                file.seek(SeekFrom::Start(*start))?;
                Ok(Box::new(file.take(*size)))
            }
        }
    }
}

/// Where the plain files of a tar file are, by name. A cut one has those before the cut.
fn entries(path: &Path) -> io::Result<BTreeMap<String, (u64, u64)>> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(fs::File::open(path)?);
    for entry in archive.entries_with_seek()? {
        let Ok(entry) = entry else { break };
        let Ok(name) = String::from_utf8(entry.path_bytes().into_owned()) else { continue };
        let place = (entry.raw_file_position(), entry.size());
        if entry.header().entry_type().is_file() && found.insert(name, place).is_some() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has two files of one name"));
        }
    }
    Ok(found)
}

fn check(bytes: &[u8]) -> Result<ExportManifest, String> {
    let version = serde_json::from_slice::<serde_json::Value>(bytes)
        .map_err(|error| format!("it is no JSON ({error})"))?
        .get("format_version")
        .and_then(serde_json::Value::as_u64);
    if version != Some(FORMAT_VERSION.into()) {
        return Err(format!(
            "its format's version is not {FORMAT_VERSION}; use the version of this crate that wrote it"
        ));
    }
    let manifest: ExportManifest =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if !manifest.complete {
        return Err("it says itself that it is not complete".to_owned());
    }
    if !manifest.is_sealed().map_err(|error| error.to_string())? {
        return Err("it was changed after it was written: its checksum does not fit it".to_owned());
    }
    consistent(&manifest)?;
    Ok(manifest)
}

fn consistent(manifest: &ExportManifest) -> Result<(), String> {
    let (mut tables, mut files) = (BTreeSet::new(), BTreeSet::new());
    for table in &manifest.tables {
        let label = table.sql_name();
        if !tables.insert((&table.schema, &table.name)) {
            return Err(format!("{label} stands in it twice"));
        }
        let mut columns = BTreeSet::from([&table.tenant_column]);
        if let Some(twice) = table.columns.iter().find(|column| !columns.insert(&column.name)) {
            return Err(format!(
                "{label} has the column {} twice, or it is the tenant's, which no file has",
                twice.name
            ));
        }
        let mut rows = 0_u64;
        for file in &table.files {
            if !file_name::is_ours(&file.name) {
                return Err(format!("a file cannot be called {:?}", file.name));
            }
            if !files.insert(&file.name) {
                return Err(format!("the file {} stands in it twice", file.name));
            }
            rows = rows.saturating_add(file.rows);
        }
        if rows != table.rows {
            return Err(format!("{label} has {} rows and its files {rows}", table.rows));
        }
    }
    Ok(())
}
