//! `tenants export` and `tenants import`.

use std::{fs, io, path::Path};

use serde_json::json;
use tenant_core::{Export, ExportFormat, ExportManifest, Import};

use super::moving::lives;
use crate::{
    app::App,
    args::{self, Format, Rows},
    exit::{Answer, Failure},
    table::pretty,
};

pub(super) async fn export(app: &App, args: &args::Export) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let session = app.session(&config).await?;
    let (id, slug) = app.tenant(&config, &args.which.tenant).await?;
    let format = match args.rows {
        Rows::Ndjson => ExportFormat::NdJson,
        Rows::Csv => ExportFormat::Csv,
    };
    let layout = app.layout_of(&config, &id).await?;
    let place = lives(session, &id).await?;
    let database = place.database_name();
    let there = app.other_session(&config, database).await?;
    let there = there.as_ref().unwrap_or(session);
    let export = Export::new(config.tenancy(), id, actor, &args.why.reason)
        .layout(&layout)
        .format(format)
        .report(app.screen.reporter());
    let is_tar = args.path.extension().is_some_and(|extension| extension == "tar");
    let manifest = if is_tar {
        let tar = Tar::create(&args.path)?;
        let manifest =
            export.to_tar_from(database, there, session, io::BufWriter::new(&tar.file)).await?;
        tar.finish()?;
        manifest
    } else {
        export.to_folder_from(database, there, session, &args.path).await?
    };
    app.screen.clear();
    for table in &manifest.undeclared {
        app.screen.remark(&format!("not exported, since it is not declared: {table}"));
    }
    said(app, &manifest, &format!("of {slug} are in {}", args.path.display()))
}

pub(super) async fn import(app: &App, args: &args::Import) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let session = app.session(&config).await?;
    let (id, slug) = app.tenant(&config, &args.which.tenant).await?;
    let layout = app.layout_of(&config, &id).await?;
    let mut import = Import::new(config.tenancy(), &args.path)
        .into_tenant(id)
        .layout(&layout)
        .report(app.screen.reporter());
    if let Some(sha256) = &args.manifest_sha256 {
        import = import.manifest_sha256(sha256);
    }
    let manifest = import.run(session, actor, &args.why.reason).await?;
    app.screen.clear();
    said(app, &manifest, &format!("of {} are now {slug}'s", manifest.slug))
}

pub(super) fn said(app: &App, manifest: &ExportManifest, what: &str) -> Result<Answer, Failure> {
    if app.format() == Format::Json {
        return Ok(Answer::done(pretty(manifest)?));
    }
    let tables = json!(manifest.tables.len());
    Ok(Answer::done(format!("{} rows of {tables} tables {what}.\n", manifest.rows())))
}

/// A tar file that has its name only once it is whole, and is gone where it never is.
struct Tar<'p> {
    file: fs::File,
    path: &'p Path,
    partial: std::path::PathBuf,
}

impl<'p> Tar<'p> {
    fn create(path: &'p Path) -> Result<Self, Failure> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = std::path::PathBuf::from(partial);
        if path.exists() {
            let why = format!(
                "{} is there already; remove it, or export to another name: nothing is overwritten",
                path.display()
            );
            return Err(Failure::refused(why));
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&partial).map_err(|error| {
            Failure::refused(format!("{} cannot be written: {error}", partial.display()))
        })?;
        Ok(Self { file, path, partial })
    }

    fn finish(self) -> Result<(), Failure> {
        self.file.sync_all()?;
        // Unlike a rename, a link overwrites nothing.
        fs::hard_link(&self.partial, self.path).map_err(|error| {
            Failure::refused(format!("{} cannot be written: {error}", self.path.display()))
        })
    }
}

impl Drop for Tar<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.partial);
    }
}
