//! `migration`: files for SeaORM's or Diesel's own tools.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tenant_core::Migration;
use time::OffsetDateTime;

use crate::{
    app::App,
    args::{self, Orm},
    exit::{Answer, Failure},
};

pub(super) async fn migration(app: &App, args: &args::Migration) -> Result<Answer, Failure> {
    let config = app.config()?;
    let migrations = if args.steps {
        let session = app.session(&config).await?;
        let plan = config.isolation(app.database(&config).await?)?.plan(session).await?;
        if plan.is_empty() {
            return Ok(Answer::done("Nothing is missing, so there is nothing to migrate.\n"));
        }
        plan.migrations()
    } else if config.names_roles() {
        vec![config.isolation("")?.migration()]
    } else {
        // Roles are named after the database, so one has to be asked.
        vec![config.isolation(app.database(&config).await?)?.migration()]
    };
    let (folder, named) = named(args.orm, args.dir.clone(), args.version.clone(), &migrations)?;
    let mut said = String::new();
    for (name, migration) in &named {
        let written = match args.orm {
            Orm::Seaorm => seaorm(&folder, name, migration),
            Orm::Diesel => diesel(&folder, name, migration),
        };
        let written = written.map_err(|(path, error)| refused(&path, &error, &said))?;
        said.push_str(&format!("{}\n", written.display()));
    }
    if args.orm == Orm::Seaorm {
        remind(app, named.iter().map(|(name, _)| name.as_str()));
    }
    Ok(Answer::done(said))
}

/// What SeaORM's migrator has to be told.
pub(crate) fn remind<'n>(app: &App, names: impl Iterator<Item = &'n str>) {
    app.screen.remark("Add to your migrator, in this order:");
    for name in names {
        app.screen.remark(&format!("    mod {name};    Box::new({name}::Migration),"));
    }
}

/// Migrations by the names that their tool sorts them by.
pub(crate) type Named<'m> = Vec<(String, &'m Migration)>;

/// The folder that they belong into, and their names.
pub(crate) fn named(
    orm: Orm,
    folder: Option<PathBuf>,
    stamp: Option<String>,
    migrations: &[Migration],
) -> Result<(PathBuf, Named<'_>), Failure> {
    let stamp = stamp.unwrap_or_else(|| today(orm));
    if !stamp.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(Failure::usage("`--stamp` may have letters, digits, `_` and `-` only"));
    }
    let folder = folder.unwrap_or_else(|| match orm {
        Orm::Seaorm => PathBuf::from("migration/src"),
        Orm::Diesel => PathBuf::from("migrations"),
    });
    let name = |(at, migration): (usize, &Migration)| match (migrations.len(), orm) {
        (1, _) => format!("{stamp}_{}", migration.name),
        (_, Orm::Diesel) => format!("{stamp}-{at:04}_{}", migration.name),
        (_, Orm::Seaorm) => format!("{stamp}_{at:04}_{}", migration.name),
    };
    let names =
        migrations.iter().enumerate().map(|(at, migration)| (name((at, migration)), migration));
    Ok((folder, names.collect()))
}

/// The files of a migration, by their paths.
pub(crate) fn texts(
    orm: Orm,
    folder: &Path,
    name: &str,
    migration: &Migration,
) -> Vec<(PathBuf, String)> {
    match orm {
        Orm::Seaorm => vec![(folder.join(format!("{name}.rs")), seaorm_source(migration))],
        Orm::Diesel => {
            let folder = folder.join(name);
            let file = |name: &str, text: &str| (folder.join(name), text.to_owned());
            let mut files = vec![file("up.sql", &migration.up), file("down.sql", &migration.down)];
            if !migration.in_transaction {
                files.push(file("metadata.toml", "run_in_transaction = false\n"));
            }
            files
        }
    }
}

fn refused(path: &Path, error: &io::Error, written: &str) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            "it is there already, and was left as it is; give another `--stamp`".to_owned()
        }
        _ => error.to_string(),
    };
    let failure = Failure::refused(format!("{} cannot be written: {why}", path.display()));
    match written.trim_end() {
        "" => failure,
        written => failure.and(&format!("written before it: {}", written.replace('\n', ", "))),
    }
}

/// `m20261121_000000` or `2026-11-21-000000`.
fn today(orm: Orm) -> String {
    let now = OffsetDateTime::now_utc();
    let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
    let (hour, minute, second) = (now.hour(), now.minute(), now.second());
    match orm {
        Orm::Seaorm => format!("m{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}"),
        Orm::Diesel => format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}"),
    }
}

type Written = Result<PathBuf, (PathBuf, io::Error)>;

fn diesel(folder: &Path, name: &str, migration: &Migration) -> Written {
    let directory = folder.join(name);
    let write = || {
        fs::create_dir_all(folder)?;
        fs::create_dir(&directory)?;
        texts(Orm::Diesel, folder, name, migration)
            .into_iter()
            .try_for_each(|(path, text)| fs::write(path, text))
    };
    write().map(|()| directory.clone()).map_err(|error| (directory, error))
}

fn seaorm(folder: &Path, name: &str, migration: &Migration) -> Written {
    let path = folder.join(format!("{name}.rs"));
    let source = seaorm_source(migration);
    let write = || {
        fs::create_dir_all(folder)?;
        let mut file = fs::File::create_new(&path)?;
        io::Write::write_all(&mut file, source.as_bytes())
    };
    write().map(|()| path.clone()).map_err(|error| (path, error))
}

fn seaorm_source(migration: &Migration) -> String {
    include_str!("seaorm_migration.rs.txt")
        .replace("{transaction}", if migration.in_transaction { "true" } else { "false" })
        .replace("{down}", &raw(&migration.down))
        .replace("{up}", &raw(&migration.up))
}

/// As a raw string of Rust, with as many signs around it as it needs.
fn raw(text: &str) -> String {
    let mut longest = 0;
    for (at, _) in text.match_indices('"') {
        let signs = text[at + 1..].bytes().take_while(|b| *b == b'#').count();
        longest = longest.max(signs + 1);
    }
    let signs = "#".repeat(longest.max(1));
    format!("r{signs}\"{text}\"{signs}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is written is compiled and run by `tests/tests/cli_migration`, with less SQL in it.
    #[test]
    fn a_module_for_seaorm_is_the_one_that_is_tried() {
        let config: tenant_cli::Config = "role_prefix = \"shop\"".parse().unwrap();
        let mut migration = config.isolation("shop").unwrap().migration();
        migration.up = "CREATE TABLE \"it\" (x int)".to_owned();
        migration.down = "DROP TABLE \"it\"".to_owned();
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/tests/cli_migration/m20261121_000000_tenant_isolation.rs"
        );
        if std::env::var_os("TENANT_WRITE_DOCS").is_some() {
            fs::write(path, seaorm_source(&migration)).unwrap();
        }
        assert_eq!(fs::read_to_string(path).unwrap(), seaorm_source(&migration));
    }

    proptest! {
        #[test]
        fn a_raw_string_ends_where_the_text_does(text in r##"(["#a-z\n]|\PC){0,30}"##) {
            let raw = raw(&text);
            let signs = raw.bytes().skip(1).take_while(|b| *b == b'#').count();
            let end = format!("\"{}", "#".repeat(signs));
            let body = &raw[signs + 2..];
            prop_assert_eq!(body.find(&end), Some(text.len()));
        }
    }
}
