//! Where an export goes: a folder, or a tar stream.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use super::{ExportedFile, digest::FileDigest, manifest::MANIFEST};

/// How large a file of a tar stream gets: its size stands before it, so it is kept in memory.
const PART: usize = 8 << 20;

/// Takes tables one after the other, and the manifest at the end.
pub(super) trait Sink: Send {
    /// Begins a table: what its files' names begin and end with, and what each begins with inside.
    fn begin(&mut self, stem: &str, extension: &str, header: &[u8]) -> io::Result<()>;
    /// Adds a row.
    fn row(&mut self, line: &[u8]) -> io::Result<()>;
    /// Ends the table and says which files it is in.
    fn end(&mut self) -> io::Result<Vec<ExportedFile>>;
    /// Writes the manifest; with that the export is complete.
    fn finish(self: Box<Self>, manifest: &[u8]) -> io::Result<()>;
}

/// A folder, which has its name only when it is complete, and is removed when it never gets that.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    partial: PathBuf,
    file: Option<Open>,
    finished: bool,
}

#[derive(Debug)]
struct Open {
    name: String,
    writer: io::BufWriter<fs::File>,
    digest: FileDigest,
    rows: u64,
}

impl Folder {
    /// `Ok(None)` when there is something of that name, or of its temporary one: which.
    pub(super) fn create(path: &Path) -> io::Result<Result<Self, PathBuf>> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        if path.symlink_metadata().is_ok() {
            return Ok(Err(path.to_owned()));
        }
        match private_folder(&partial) {
            Ok(()) => Ok(Ok(Self { path: path.to_owned(), partial, file: None, finished: false })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Err(partial)),
            Err(error) => Err(error),
        }
    }
}

impl Sink for Folder {
    fn begin(&mut self, stem: &str, extension: &str, header: &[u8]) -> io::Result<()> {
        let name = format!("{stem}.{extension}");
        let writer =
            io::BufWriter::with_capacity(1 << 16, private_file(&self.partial.join(&name))?);
        let mut open = Open { name, writer, digest: FileDigest::default(), rows: 0 };
        open.write(header)?;
        self.file = Some(open);
        Ok(())
    }

    fn row(&mut self, line: &[u8]) -> io::Result<()> {
        let open = self.file.as_mut().ok_or_else(no_table)?;
        open.write(line)?;
        open.write(b"\n")?;
        open.rows += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<Vec<ExportedFile>> {
        let Open { name, writer, digest, rows } = self.file.take().ok_or_else(no_table)?;
        writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(vec![ExportedFile { name, rows, bytes: digest.bytes, sha256: digest.finish() }])
    }

    fn finish(mut self: Box<Self>, manifest: &[u8]) -> io::Result<()> {
        let mut file = private_file(&self.partial.join(MANIFEST))?;
        file.write_all(manifest)?;
        file.sync_all()?;
        sync_folder(&self.partial)?;
        fs::rename(&self.partial, &self.path)?;
        self.finished = true;
        sync_folder(self.path.parent().unwrap_or(Path::new(".")))
    }
}

impl Drop for Folder {
    /// What is not complete is a tenant's data lying around.
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = fs::remove_dir_all(&self.partial)
        {
            tracing::warn!(path = %self.partial.display(), %error, "could not remove half an export");
        }
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.writer.write_all(bytes)
    }
}

fn no_table() -> io::Error {
    io::Error::other("no table was begun")
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// So that the names in it outlive a power cut. Windows knows no such thing.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        fs::File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// A tar stream, in files of a bounded size.
pub(super) struct Tar<W: Write> {
    archive: tar::Builder<W>,
    stem: String,
    extension: String,
    header: Vec<u8>,
    part: Vec<u8>,
    rows: u64,
    files: Vec<ExportedFile>,
}

impl<W: Write> Tar<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            archive: tar::Builder::new(out),
            stem: String::new(),
            extension: String::new(),
            header: Vec::new(),
            part: Vec::new(),
            rows: 0,
            files: Vec::new(),
        }
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        header.set_mtime(now.map(|since| since.as_secs()).unwrap_or_default());
        self.archive.append_data(&mut header, name, bytes)
    }

    fn end_part(&mut self) -> io::Result<()> {
        let name = format!("{}.{:05}.{}", self.stem, self.files.len() + 1, self.extension);
        let bytes = std::mem::take(&mut self.part);
        self.entry(&name, &bytes)?;
        let mut digest = FileDigest::default();
        digest.update(&bytes);
        let rows = std::mem::take(&mut self.rows);
        self.files.push(ExportedFile { name, rows, bytes: digest.bytes, sha256: digest.finish() });
        self.part = bytes;
        self.part.clear();
        self.part.extend_from_slice(&self.header);
        Ok(())
    }
}

impl<W: Write + Send> Sink for Tar<W> {
    fn begin(&mut self, stem: &str, extension: &str, header: &[u8]) -> io::Result<()> {
        stem.clone_into(&mut self.stem);
        extension.clone_into(&mut self.extension);
        self.header = header.to_vec();
        self.part = header.to_vec();
        Ok(())
    }

    fn row(&mut self, line: &[u8]) -> io::Result<()> {
        if self.rows > 0 && self.part.len() + line.len() >= PART {
            self.end_part()?;
        }
        self.part.extend_from_slice(line);
        self.part.push(b'\n');
        self.rows += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<Vec<ExportedFile>> {
        if self.rows > 0 || self.files.is_empty() {
            self.end_part()?;
        }
        Ok(std::mem::take(&mut self.files))
    }

    fn finish(mut self: Box<Self>, manifest: &[u8]) -> io::Result<()> {
        self.entry(MANIFEST, manifest)?;
        self.archive.into_inner()?.flush()
    }
}
