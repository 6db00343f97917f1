//! SQL migrations in Diesel's layout, read by Diesel's own reader. A run has one text for all places.

use std::{fs, path::Path};

use migrations_internals::{TomlMetadata, migrations_directories, version_from_string};

use crate::exit::Failure;

/// What Diesel's ledger has room for.
const LONGEST: usize = 50;

/// A folder with its `up.sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlFile {
    /// The folder's name.
    pub(super) name: String,
    /// What Diesel's ledger calls it: what is before the first `_`, without `-`.
    pub(super) version: String,
    pub(super) in_transaction: bool,
    pub(super) up: String,
}

/// All of them, as Diesel sorts them.
pub(super) fn read(dir: &Path) -> Result<Vec<SqlFile>, Failure> {
    if !dir.is_dir() {
        return Err(Failure::usage(absent(dir)));
    }
    let unread = |error: std::io::Error| {
        Failure::refused(format!("{} cannot be read: {error}", dir.display()))
    };
    let mut all = Vec::new();
    for entry in migrations_directories(dir).map_err(unread)? {
        all.push(one(&entry.map_err(unread)?.path())?);
    }
    all.sort_by(|a: &SqlFile, b| a.version.cmp(&b.version));
    if all.is_empty() {
        return Err(Failure::usage(absent(dir)));
    }
    if let Some([a, b]) = all.windows(2).find(|two| two[0].version == two[1].version) {
        return Err(Failure::usage(format!(
            "{} and {} have the same version {}, of which only one would be run; rename one",
            a.name, b.name, a.version
        )));
    }
    Ok(all)
}

fn one(path: &Path) -> Result<SqlFile, Failure> {
    let wrong = |why: &str| Failure::usage(format!("{} is no migration: {why}", path.display()));
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| wrong("its name is not UTF-8"))?.to_owned();
    let version = version_from_string(&name).unwrap_or_default();
    if version.is_empty() || version.len() > LONGEST {
        return Err(wrong(
            "its name begins with a version of at most 50 letters and digits, then `_`: \
             2026-11-21-000000_notes",
        ));
    }
    let up = path.join("up.sql");
    let up = fs::read_to_string(&up).map_err(|error| wrong(&format!("up.sql: {error}")))?;
    if up.trim().is_empty() {
        return Err(wrong("up.sql is empty; write `SELECT 1` if nothing is to be done"));
    }
    let metadata = path.join("metadata.toml");
    // Diesel takes one that it cannot read for none; outside of a transaction that is another thing.
    let metadata = if metadata.exists() {
        TomlMetadata::read_from_file(&metadata)
            .map_err(|error| wrong(&format!("metadata.toml: {}", error.to_string().trim_end())))?
    } else {
        TomlMetadata::default()
    };
    Ok(SqlFile { name, version, in_transaction: metadata.run_in_transaction, up })
}

/// What to do where there are no files.
fn absent(dir: &Path) -> String {
    let dir = dir.display();
    let files = format!(
        "there are no SQL migrations in {dir}: name their folder with `--dir`; each is a folder with an \
         `up.sql` in it, {dir}/2026-11-21-000000_notes/up.sql"
    );
    if !Path::new("migration/src").is_dir() {
        return files;
    }
    format!(
        "{files}\n  SeaORM's migrations, as in migration/src, are compiled, so only your own program can run \
         them, with tenant-seaorm's feature `migration`:\n\
         \x20     TenantMigrations::new(log, TargetMigrator::<Migrator>::new(databases), \"deploy 4711\")\n\
         \x20         .run(targets).await?\n\
         \x20 docs/migrations.md has more of it; `tenant migrate status` shows what became of it"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_folder_is_called_it_is_read_or_refused(
            name in "[0-9a-zA-Z_\\-. é]{1,60}", up in r"(\PC|\n){0,20}", metadata in proptest::option::of(r"\PC{0,30}"),
        ) {
            let all = tempfile::tempdir().unwrap();
            let folder = all.path().join(name.trim_matches('.'));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("up.sql"), &up).unwrap();
            if let Some(metadata) = metadata {
                fs::write(folder.join("metadata.toml"), metadata).unwrap();
            }
            for file in read(all.path()).into_iter().flatten() {
                prop_assert!(!file.version.is_empty() && file.version.len() <= LONGEST);
                prop_assert_eq!(&file.up, &up);
            }
        }
    }
}
