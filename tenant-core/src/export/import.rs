use std::path::{Path, PathBuf};

use super::{
    ExportManifest, ImportError,
    archive::Archive,
    differences::differences,
    digest::RowsDigest,
    insert::{Filling, insert, set_later},
    order::order,
    out::{check_key, place},
    sequences::raise_and_record,
    snapshot::Snapshot,
    tables::{Column, Table, literal},
};
use crate::{
    AuditEvent, AuditRecord, Layout, Placement, Reporter, SqlSession, Tenancy, TenantId,
    opening::COMMIT,
};

/// Reads an [`Export`](super::Export) back into the database it was made of or another one, for the
/// same tenant or another: one transaction, all or nothing.
///
/// Every file is checked against the manifest before anything is written, and what was written is
/// read again and compared with it before it is committed.
///
/// ```no_run
/// # async fn f(tenancy: &tenant_core::Tenancy, session: impl tenant_core::SqlSession)
/// # -> Result<(), tenant_core::ImportError> {
/// use tenant_core::Import;
///
/// // `session` logs in as `shop_admin`; the tenant 8 is registered and has no rows.
/// let import = Import::new(tenancy, "export-7").into_tenant(8);
/// import.run(&session, "alice@support", "request 4711").await?;
/// # Ok(()) }
/// ```
///
/// Rows keep their keys: what is taken by another tenant's row is an error. Triggers fire as they do
/// for any `INSERT`; what they change is an error too, unless
/// [`changed_rows_unchecked`](Self::changed_rows_unchecked).
///
/// # Authority
/// It writes the one tenant's rows, whatever the files say: they have no tenant column. The session
/// must be the `…_admin` login's.
///
/// # Blocking
/// Files are read with the blocking calls of the standard library, between two batches.
#[derive(Debug, Clone)]
pub struct Import {
    tenancy: Tenancy,
    layout: Option<Layout>,
    path: PathBuf,
    tenant: Option<TenantId>,
    manifest_sha256: Option<String>,
    other_schema: Option<&'static str>,
    changed_rows: Option<&'static str>,
    progress: Reporter,
}

impl Import {
    /// Of the export in this folder or tar file.
    pub fn new(tenancy: &Tenancy, path: impl AsRef<Path>) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            path: path.as_ref().to_owned(),
            tenant: None,
            manifest_sha256: None,
            other_schema: None,
            changed_rows: None,
            progress: Reporter::default(),
        }
    }

    /// The layout that the application uses. Without one, a table whose declaration names no schema
    /// is in `public`.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// For this tenant, instead of the one that was exported.
    pub fn into_tenant(mut self, id: impl Into<TenantId>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    /// Only if the manifest's file has this SHA-256, as the audit log of the export has it. The
    /// checksums inside of an export find accidents; who can change a file can change those.
    pub fn manifest_sha256(mut self, sha256: impl Into<String>) -> Self {
        self.manifest_sha256 = Some(sha256.into());
        self
    }

    /// Who is told how far it has come.
    pub fn report(mut self, reporter: Reporter) -> Self {
        self.progress = reporter;
        self
    }

    /// Lets types differ from the export's, and tables have columns that it does not have. A table
    /// or a column that is missing here stays an error. What was written is then counted, and not
    /// compared.
    ///
    /// # Authority
    /// A value may be rounded, or read as something else, and nobody notices.
    pub fn other_schema_unchecked(mut self, why: &'static str) -> Self {
        tracing::warn!(target: "tenant", why, "other_schema_unchecked");
        self.other_schema = Some(why);
        self
    }

    /// Lets rows read differently after the import than in the export, since a trigger is meant to
    /// change them. They are counted, and not compared.
    ///
    /// # Authority
    /// Whatever else changes a row is not noticed either.
    pub fn changed_rows_unchecked(mut self, why: &'static str) -> Self {
        tracing::warn!(target: "tenant", why, "changed_rows_unchecked");
        self.changed_rows = Some(why);
        self
    }

    /// Imports it, and returns the manifest of what was imported. By whom and why is kept in the
    /// audit log, in the same transaction.
    ///
    /// Dropping the future leaves all of it or nothing.
    ///
    /// # Errors
    /// [`ImportError`]; then nothing was written.
    pub async fn run<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<ExportManifest, ImportError> {
        let (actor, reason) = (actor.into(), reason.into());
        if actor.trim().is_empty() || reason.trim().is_empty() {
            return Err(ImportError::NoReason);
        }
        let archive = Archive::open(&self.path)?;
        if self.manifest_sha256.as_ref().is_some_and(|kept| *kept != archive.manifest_sha256) {
            let why = "it is not the one whose SHA-256 was kept; look for the right one";
            return Err(ImportError::Manifest(why.to_owned()));
        }
        let tenant = self.tenant.clone().unwrap_or_else(|| archive.manifest.tenant.clone());
        self.tenancy.check()?;
        check_key(&tenant, &self.tenancy)?;
        archive.verify()?;

        let (tenancy, layout) = (&self.tenancy, self.layout.as_ref());
        let snapshot = Snapshot::begin(session, "BEGIN", "ROW EXCLUSIVE", tenancy, layout).await?;
        differences(&archive.manifest, &snapshot.tables, self.other_schema.is_some())?;
        takes_rows(&snapshot, &tenant, layout).await?;
        let fillings = Filling::all(&snapshot.tables, &archive)?;
        let bytes: Vec<u64> = fillings.iter().map(Filling::bytes).collect();
        let steps = order(&snapshot.tables, &bytes).map_err(ImportError::Cycle)?;
        run(&snapshot, "the constraints' deferral", "SET CONSTRAINTS ALL DEFERRED").await?;
        for step in &steps {
            insert(&snapshot, &fillings[step.table], step, &tenant, &self.progress).await?;
        }
        for step in steps.iter().filter(|step| !step.later.is_empty()) {
            set_later(&snapshot, &fillings[step.table], step, &tenant).await?;
        }
        run(&snapshot, "a deferred constraint", "SET CONSTRAINTS ALL IMMEDIATE").await?;
        for filling in &fillings {
            self.compare(&snapshot, filling, &archive.manifest, &tenant).await?;
        }
        let record = self.record(&archive, &tenant, &actor, &reason);
        let rows = |table: &Table| vec![table.of_tenant(&tenant)];
        raise_and_record(&snapshot, &rows, Some(&record)).await?;
        run(&snapshot, "the end of the transaction", COMMIT).await?;
        Ok(archive.manifest)
    }

    fn record(
        &self,
        archive: &Archive,
        tenant: &TenantId,
        actor: &str,
        reason: &str,
    ) -> AuditRecord {
        let manifest = &archive.manifest;
        let mut detail = serde_json::json!({
            "from": manifest.tenant.to_string(), "rows": manifest.rows(),
            "tables": manifest.tables.len(), "manifest_sha256": archive.manifest_sha256,
        });
        let unchecked = [("other_schema", self.other_schema), ("changed_rows", self.changed_rows)];
        for (name, why) in unchecked {
            if let Some(why) = why {
                detail[name] = why.into();
            }
        }
        AuditRecord::new(AuditEvent::Imported, actor).tenant(tenant).reason(reason).detail(detail)
    }

    /// Whether the database now has what the files have.
    async fn compare(
        &self,
        snapshot: &Snapshot,
        filling: &Filling<'_>,
        manifest: &ExportManifest,
        tenant: &TenantId,
    ) -> Result<(), ImportError> {
        let label = filling.table.label();
        let refused = |source| session_error(&format!("to read {label} again"), source);
        let columns: Vec<&Column> = filling.columns.clone();
        let query = filling.table.lines(&columns, manifest.format, tenant);
        let cursor = snapshot.cursor(&query).await.map_err(refused)?;
        let mut digest = RowsDigest::default();
        loop {
            let lines = cursor.next().await.map_err(refused)?;
            if lines.is_empty() {
                break;
            }
            for line in &lines {
                digest.add(line.as_bytes());
            }
        }
        let (expected, text) =
            filling.exported.map_or((0, RowsDigest::default().text()), |exported| {
                (exported.rows, exported.rows_digest.clone())
            });
        let counts_only = self.other_schema.is_some() || self.changed_rows.is_some();
        if digest.rows != expected || (!counts_only && digest.text() != text) {
            return Err(ImportError::Changed { table: label, expected, found: digest.rows });
        }
        Ok(())
    }
}

/// The tenant is there, nobody else imports into it, and it has no rows.
async fn takes_rows(
    snapshot: &Snapshot,
    tenant: &TenantId,
    layout: Option<&Layout>,
) -> Result<(), ImportError> {
    let id = literal(tenant);
    // Kept from being deleted meanwhile, and from another import; an advisory lock's number could be
    // held by any tenant. A lock wants a plain SELECT.
    let keep = format!("SELECT FROM tenancy.tenants WHERE id = {id} FOR NO KEY UPDATE");
    run(snapshot, "a lock on the tenant", &keep).await?;
    let sql = format!(
        "SELECT status, placement, database AS lives, schema FROM tenancy.tenants WHERE id = {id}"
    );
    let rows = snapshot.session.rows(&sql, &[]).await;
    let rows = rows.map_err(|source| session_error("a look at `tenancy.tenants`", source))?;
    let status = rows.first().ok_or_else(|| ImportError::UnknownTenant(tenant.clone()))?;
    if status.get("status").is_some_and(|status| status == "deleted") {
        return Err(ImportError::Deleted(tenant.clone()));
    }
    place(status)?.is_found(Placement::MAIN, tenant, layout)?;
    for table in &snapshot.tables.all {
        let sql = format!("SELECT 1 AS x {} LIMIT 1", table.of_tenant(tenant));
        let rows = snapshot.session.rows(&sql, &[]).await;
        let label = table.label();
        if !rows.map_err(|e| session_error(&format!("a look at {label}"), e))?.is_empty() {
            return Err(ImportError::NotEmpty { tenant: tenant.clone(), table: label });
        }
    }
    Ok(())
}

async fn run(snapshot: &Snapshot, what: &str, sql: &str) -> Result<(), ImportError> {
    snapshot.session.batch(sql).await.map_err(|source| session_error(what, source))
}

pub(super) fn session_error(what: &str, source: crate::SessionError) -> ImportError {
    ImportError::Session { what: what.to_owned(), source }
}
