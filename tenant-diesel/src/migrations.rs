//! The isolation as Diesel's migrations: in a folder, or embedded.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use diesel::{
    connection::BoxableConnection,
    migration::{
        self, Migration as DieselMigration, MigrationMetadata, MigrationName, MigrationSource,
        MigrationVersion,
    },
    pg::Pg,
};
use tenant_core::Migration;

/// Writes migrations into a folder as `diesel migration generate` makes them: one directory each,
/// with `up.sql`, `down.sql` and, for those that cannot run in a transaction, the `metadata.toml`
/// that says so. It returns the directories.
///
/// The version is what Diesel sorts by, such as `2026-11-21-000000`; several migrations get a number
/// behind it.
///
/// ```no_run
/// # fn f(isolation: &tenant_diesel::Isolation) -> std::io::Result<()> {
/// tenant_diesel::write_migrations("migrations", "2026-11-21-000000", &[isolation.migration()])?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// When a directory is there already, which is left as it is, or cannot be written; what was
/// written before it stays.
pub fn write_migrations(
    folder: impl AsRef<Path>,
    version: &str,
    migrations: &[Migration],
) -> io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (version, migration) in versions(version, migrations) {
        let directory = folder.as_ref().join(format!("{version}_{}", migration.name));
        fs::create_dir_all(folder.as_ref())?;
        fs::create_dir(&directory)?;
        fs::write(directory.join("up.sql"), &migration.up)?;
        fs::write(directory.join("down.sql"), &migration.down)?;
        if !migration.in_transaction {
            fs::write(directory.join("metadata.toml"), "run_in_transaction = false\n")?;
        }
        written.push(directory);
    }
    Ok(written)
}

/// Each with a version of its own, in their order.
fn versions<'m>(
    version: &str,
    migrations: &'m [Migration],
) -> impl Iterator<Item = (String, &'m Migration)> {
    let (version, single) = (version.to_owned(), migrations.len() == 1);
    migrations.iter().enumerate().map(move |(at, migration)| {
        let version = if single { version.clone() } else { format!("{version}-{at:04}") };
        (version, migration)
    })
}

/// The isolation as embedded migrations, for Diesel's `MigrationHarness`.
///
/// ```no_run
/// # fn f(isolation: &tenant_diesel::Isolation) {
/// use tenant_diesel::IsolationMigrations;
///
/// let migrations = IsolationMigrations::new("2026-11-21-000000", vec![isolation.migration()]);
/// // connection.run_pending_migrations(migrations)?;
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct IsolationMigrations {
    version: String,
    migrations: Vec<Migration>,
}

impl IsolationMigrations {
    /// These migrations from this version on, as [`write_migrations`] numbers them.
    pub fn new(version: impl Into<String>, migrations: Vec<Migration>) -> Self {
        Self { version: version.into(), migrations }
    }
}

impl MigrationSource<Pg> for IsolationMigrations {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn DieselMigration<Pg>>>> {
        let versions = versions(&self.version, &self.migrations);
        let embedded = versions.map(|(version, migration)| {
            let name = Name(format!("{version}_{}", migration.name));
            Box::new(Embedded { name, migration: migration.clone() }) as Box<_>
        });
        Ok(embedded.collect())
    }
}

struct Embedded {
    name: Name,
    migration: Migration,
}

struct Name(String);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl MigrationName for Name {
    /// As Diesel reads it off a directory's name.
    fn version(&self) -> MigrationVersion<'_> {
        let version = self.0.split('_').next().unwrap_or_default();
        MigrationVersion::from(version.replace('-', ""))
    }
}

impl MigrationMetadata for Embedded {
    fn run_in_transaction(&self) -> bool {
        self.migration.in_transaction
    }
}

impl DieselMigration<Pg> for Embedded {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> migration::Result<()> {
        Ok(connection.batch_execute(&self.migration.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> migration::Result<()> {
        Ok(connection.batch_execute(&self.migration.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        &self.name
    }
}
