//! `adopt`: an existing database and its code, read; what keeps tenants apart there, written.

mod ask;
mod rust;
mod show;
mod watch;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tenant_cli::{Config, table_name};
use tenant_core::{Adoption, Phase, Whose};

use self::{
    rust::{Crates, Declared, Kind, Sources},
    write::{Entry, Files, Settings},
};
use crate::{
    app::App,
    args::{Adopt, AdoptMore, Orm},
    commands::migration,
    exit::{Answer, Exit, Failure},
};

pub(crate) async fn adopt(app: &App, args: &Adopt) -> Result<Answer, Failure> {
    if let Some(AdoptMore::Watch(command)) = &args.more {
        return watch::watch(app, command).await;
    }
    let path = app.config_path();
    let name = path.display().to_string();
    let text = read(path)?;
    let config = Config::parse(&text, &name).map_err(|e| Failure::usage(e.to_string()))?;
    let chosen =
        args.tenants_table.as_deref().map(table_name).transpose().map_err(Failure::usage)?;
    let session = app.session(&config).await?;
    let (adoption, asked) = ask::told(app, &config, session, chosen).await?;
    if adoption.unsure().next().is_some() {
        return show::answer(app, &adoption, &[], args.dry_run);
    }

    let sources = Sources::read(&args.source)?;
    for why in &sources.unread {
        app.screen.remark(&format!("not read: {why}"));
    }
    let settings = write::settings(&Settings {
        text: &text,
        name: &name,
        adoption: &adoption,
        chosen: asked.tenants.as_ref(),
        answers: &asked.answers,
        force: args.force,
    })?;
    let filled = Config::parse(&settings, &name).map_err(|e| Failure::usage(e.to_string()))?;
    let plan = filled.isolation(app.database(&config).await?)?.plan(session).await?;

    let mut files = Files::default();
    files.grow(path.to_owned(), settings);
    let orm = orm(args, &sources)?;
    let (mut missing, mut walls, mut lines) = (Vec::new(), None, None);
    if let Some(orm) = orm {
        let (entries, unknown) = entries(&adoption, &sources, orm, &args.declaration);
        let text = write::declaration(orm, adoption.key(), &entries, &unknown);
        files.add(args.declaration.clone(), text);
        missing = unknown;
        let clippy = PathBuf::from("clippy.toml");
        match write::clippy(&read(&clippy)?, orm) {
            Ok(text) => files.grow(clippy, text),
            Err(list) => lines = Some(list),
        }
        if !args.no_migration {
            let migrations = plan.migrations();
            let (folder, named) =
                migration::named(orm, args.dir.clone(), args.version.clone(), &migrations)?;
            let first = plan.steps.iter().position(|step| step.phase == Phase::Enforce);
            walls = first.and_then(|at| named.get(at)).map(|(name, _)| name.clone());
            for (name, migration) in &named {
                let texts = migration::texts(orm, &folder, name, migration);
                for (path, text) in texts {
                    files.add(path, text);
                }
            }
            if orm == Orm::Seaorm {
                migration::remind(app, named.iter().map(|(name, _)| name.as_str()));
            }
        }
    } else {
        app.screen.remark(
            "no SeaORM entity and no `diesel::table!` was found, so there is no declaration and no migration; \
             name the sources with `--source`, or say `--for`",
        );
    }
    let (walls, lines) = (walls.as_deref(), lines.as_deref());
    let list = write::checklist(&adoption, &sources, &plan, orm, &missing, walls, lines);
    files.add(args.checklist.clone(), list);

    let names = files.names();
    if args.dry_run {
        files.check(args.force)?;
    } else if app.interrupt.is_over() {
        return Err(Failure::new(Exit::Interrupted, "nothing was written"));
    } else {
        files.write(args.force)?;
    }
    show::answer(app, &adoption, &names, args.dry_run)
}

/// A file's text; nothing where it is not there.
fn read(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::usage(format!("{} cannot be read: {error}", path.display()))),
        Ok(text) => Ok(text),
    }
}

/// Whose declaration and migration are written: what was said, or what the sources have.
fn orm(args: &Adopt, sources: &Sources) -> Result<Option<Orm>, Failure> {
    let has = |kind: Kind| sources.tables.iter().any(|table| table.kind == kind);
    match (args.orm, has(Kind::Seaorm), has(Kind::Diesel)) {
        (Some(orm), ..) => Ok(Some(orm)),
        (None, true, true) => Err(Failure::usage(
            "the sources have entities of SeaORM's and tables of Diesel's: say `--for seaorm` or `--for diesel`, \
             once for each",
        )),
        (None, true, false) => Ok(Some(Orm::Seaorm)),
        (None, false, true) => Ok(Some(Orm::Diesel)),
        (None, false, false) => Ok(None),
    }
}

/// The tables as Rust names them from the file that declares them, and those that no source knows.
fn entries(
    adoption: &Adoption,
    sources: &Sources,
    orm: Orm,
    declaration: &Path,
) -> (Vec<Entry>, Vec<String>) {
    let here = Crates::default().module(declaration).map(|module| module.krate);
    let kind = match orm {
        Orm::Seaorm => Kind::Seaorm,
        Orm::Diesel => Kind::Diesel,
    };
    let (mut entries, mut missing) = (Vec::new(), Vec::new());
    for table in adoption.tables() {
        let column = match table.whose() {
            Whose::Tenants { column, .. } => Some(column.clone()),
            Whose::Shared => None,
            _ => continue,
        };
        let (schema, name) = (table.name().schema(), table.name().name());
        let is_it = |declared: &&Declared| {
            let same = declared.schema.as_deref().filter(|s| *s != "public");
            declared.kind == kind
                && declared.table == name
                && same == schema.filter(|s| *s != "public")
        };
        match sources.tables.iter().find(is_it) {
            Some(declared) => {
                let module = &declared.module;
                let krate =
                    if here.as_ref() == Some(&module.krate) { "crate" } else { &module.krate };
                let path = std::iter::once(krate).chain(module.path.iter().map(String::as_str));
                entries.push(Entry { path: path.collect::<Vec<_>>().join("::"), column });
            }
            None => missing.push(table.name().to_string()),
        }
    }
    (entries, missing)
}
