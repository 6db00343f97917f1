//! `tenants erase`: what cannot be taken back.

use std::{fs, io::Write as _, path::Path};

use serde_json::json;
use tenant_core::{Erasure, ErasurePlan, TableName};

use super::tenants::tenants;
use crate::{
    app::App,
    args::{Erase, Format, LiftTombstone},
    exit::{Answer, Failure},
    prompt::sure,
    table::pretty,
    words::words,
};

pub(super) async fn erase(app: &App, args: &Erase) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let mut kept = Vec::new();
    for keep in &args.keep {
        kept.push(table_and_reason(keep)?);
    }
    let key = args.sign_with.as_deref().map(App::seal_key).transpose()?;
    let receipt_file = args.receipt.as_deref().map(ReceiptFile::reserve).transpose()?;
    let session = app.session(&config).await?;
    let (id, word) = if args.unregistered {
        let id = config.tenancy().key().parse(&args.which.tenant);
        let id = id.map_err(|e| Failure::usage(e.to_string()))?;
        let word = id.to_string();
        (id, word)
    } else {
        app.tenant(&config, &args.which.tenant).await?
    };
    let layout = if args.unregistered {
        app.layout(&config).await?
    } else {
        app.layout_of(&config, &id).await?
    };
    let mut erasure =
        Erasure::new(config.tenancy(), id).layout(&layout).report(app.screen.reporter());
    for (table, reason) in kept {
        erasure = erasure.keep(table, reason);
    }
    if args.and_undeclared {
        erasure = erasure.and_undeclared();
    }
    if args.unregistered {
        erasure = erasure.unregistered();
    }
    if let Some(rows) = args.in_chunks {
        erasure = erasure.in_chunks(rows);
    }
    if let Some(key) = &key {
        erasure = erasure.sign_with(key);
    }
    let plan = erasure.plan(session).await?;
    if args.sure.dry_run {
        let text = match app.format() {
            Format::Json => pretty(&planned(&plan))?,
            _ => words(&plan.to_string()),
        };
        return Ok(Answer::done(text));
    }
    if let [first, ..] = &plan.obstacles[..] {
        return Err(Failure::refused(format!(
            "{word} cannot be erased: {first}; nothing was changed"
        )));
    }
    app.screen.remark(words(&plan.to_string()).trim_end());
    sure(app, args.sure.yes, &format!("{word} will be erased for good"), &word).await?;
    let receipt = erasure.run(session, &actor, &args.why.reason).await?;
    app.screen.clear();
    let text = pretty(&receipt)?;
    let Some(file) = receipt_file else { return Ok(Answer::done(text)) };
    if let Err(error) = file.write(&text) {
        app.screen.answer(&text);
        return Err(error.and("the tenant is erased; the receipt is above: keep it"));
    }
    let path = args.receipt.as_deref().unwrap_or(Path::new("")).display();
    Ok(Answer::done(format!(
        "{word} is erased: {} rows. The receipt is in {path}.\n",
        receipt.rows()
    )))
}

/// Of a tenant that is gone, so it is named by its id.
pub(super) async fn lift_tombstone(app: &App, args: &LiftTombstone) -> Result<Answer, Failure> {
    let config = app.config()?;
    let id = config.tenancy().key().parse(&args.id).map_err(|e| Failure::usage(e.to_string()))?;
    let tenants = tenants(app, &config, app.session(&config).await?)?;
    tenants.lift_tombstone(&id, &args.why.reason).await?;
    Ok(Answer::done(format!("The id {id} can be given again.\n")))
}

fn planned(plan: &ErasurePlan) -> serde_json::Value {
    let tables = plan.tables.iter().map(|table| {
        json!({ "table": table.table, "rows": table.rows, "declared": table.declared, "whole": table.whole })
    });
    json!({
        "tenant": plan.tenant.to_string(), "tables": tables.collect::<serde_json::Value>(),
        "also": plan.also, "kept": plan.kept, "elsewhere": plan.elsewhere, "obstacles": plan.obstacles,
    })
}

fn table_and_reason(text: &str) -> Result<(TableName, String), Failure> {
    let (table, reason) =
        text.split_once('=').filter(|(_, reason)| !reason.trim().is_empty()).ok_or_else(|| {
            Failure::usage(
                "`--keep` wants a table and a reason: `--keep 'invoices=ten years by law'`",
            )
        })?;
    let table = tenant_cli::table_name(table).map_err(Failure::usage)?;
    Ok((table, reason.to_owned()))
}

/// A file that is known to be there, and new, before anything is erased.
struct ReceiptFile {
    file: fs::File,
    path: std::path::PathBuf,
    written: bool,
}

impl ReceiptFile {
    fn reserve(path: &Path) -> Result<Self, Failure> {
        let file = fs::File::create_new(path).map_err(|error| {
            Failure::refused(format!(
                "{} cannot be written: {error}; nothing was changed",
                path.display()
            ))
        })?;
        Ok(Self { file, path: path.to_owned(), written: false })
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        self.written = true;
        Ok(())
    }
}

impl Drop for ReceiptFile {
    fn drop(&mut self) {
        if !self.written {
            let _ = fs::remove_file(&self.path);
        }
    }
}
