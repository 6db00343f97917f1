//! What the application's own sources say: which tables they declare, and where they still open raw
//! connections. They are parsed, so what stands in a comment or a text does not count.

mod crates;
mod declared;
mod uses;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(super) use crates::Crates;
pub(super) use declared::{Declared, Kind};
pub(super) use uses::Use;

use crate::exit::Failure;

/// What was found below a folder.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) tables: Vec<Declared>,
    pub(super) uses: Vec<Use>,
    /// Files that could not be read or parsed, each with why.
    pub(super) unread: Vec<String>,
}

impl Sources {
    /// Reads every `.rs` file below the folder, but for what was built and what is hidden.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        walk(folder, &mut files).map_err(|(path, error)| {
            Failure::usage(format!(
                "{} cannot be read: {error}; name the sources with `--source`",
                path.display()
            ))
        })?;
        files.sort();
        let mut crates = Crates::default();
        let mut sources = Self::default();
        for path in files {
            let shown = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            let file = fs::read_to_string(&path).map_err(|error| error.to_string());
            match file.and_then(|text| syn::parse_file(&text).map_err(|error| said(&error))) {
                Ok(file) => {
                    if let Some(module) = crates.module(&path) {
                        declared::find(&file, &module, &mut sources.tables);
                    }
                    uses::find(&file, &shown, &mut sources.uses);
                }
                Err(why) => sources.unread.push(format!("{}: {why}", shown.display())),
            }
        }
        Ok(sources)
    }
}

fn said(error: &syn::Error) -> String {
    format!("line {}: {error}", error.span().start().line)
}

type Unread = (PathBuf, std::io::Error);

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Unread> {
    let here = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(here)? {
        let entry = entry.map_err(here)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(here)?);
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&&*name)
        {
            walk(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
