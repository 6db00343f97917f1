//! `tenants verify-export` and `tenants verify-receipt`: what is in a file, and no database.

use std::{fs, path::Path};

use tenant_core::{ErasureReceipt, verify_export};

use super::files;
use crate::{
    app::App,
    args::{VerifyExport, VerifyReceipt},
    exit::{Answer, Failure},
};

pub(super) fn export(app: &App, args: &VerifyExport) -> Result<Answer, Failure> {
    match verify_export(&args.path) {
        Ok(manifest) => {
            let what = format!("of {} are as they were written", manifest.slug);
            files::said(app, &manifest, &what)
        }
        Err(tenant_core::ImportError::Io { what, source }) => {
            Err(Failure::refused(format!("{what} cannot be read: {source}")))
        }
        Err(error) => Ok(Answer::found(format!("{error}\n"), true)),
    }
}

pub(super) fn receipt(args: &VerifyReceipt) -> Result<Answer, Failure> {
    let path = args.receipt.display();
    let receipt = read(&args.receipt).map_err(|why| {
        Failure::refused(format!("{path} cannot be read as an erasure's receipt: {why}"))
    })?;
    let Some(name) = &receipt.key else {
        return Err(Failure::refused(format!(
            "{path} is not signed, so nothing tells whether it was changed; its hash {} must be that of \
             the audit log and of the tombstone",
            receipt.hash
        )));
    };
    let key = App::seal_key(name)?;
    Ok(match receipt.verify(&key) {
        Ok(()) => Answer::done(format!(
            "{path} is as {name} has signed it: {} rows of the tenant {} were erased by {}.\n",
            receipt.rows(),
            receipt.tenant,
            receipt.actor
        )),
        Err(error) => Answer::found(format!("{error}\n"), true),
    })
}

fn read(path: &Path) -> Result<ErasureReceipt, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
