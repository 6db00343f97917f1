use std::{io, io::Write, path::Path};

use super::{
    ExportError, ExportFormat, ExportManifest, ExportedTable,
    digest::{RowsDigest, sha256},
    file_name,
    manifest::FORMAT_VERSION,
    sink::Sink,
    snapshot::Snapshot,
    tables::{Column, Table, literal},
};
use crate::{
    AuditEvent, AuditLog, AuditRecord, Error, JsonRow, Layout, Placement, Reporter, SqlSession,
    Tenancy, TenantId,
};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// All of a tenant's rows, of every declared tenant table, as files that [`Import`](super::Import)
/// reads again: one snapshot, read in batches, so that memory stays flat.
///
/// ```no_run
/// # async fn f(tenancy: &tenant_core::Tenancy, session: impl tenant_core::SqlSession)
/// # -> Result<(), tenant_core::ExportError> {
/// use tenant_core::{Export, TenantId};
///
/// // `session` logs in as `shop_admin`.
/// let export = Export::new(tenancy, 7, "alice@support", "request 4711");
/// let manifest = export.to_folder(&session, "export-7").await?;
/// for table in &manifest.undeclared {
///     eprintln!("not exported: {table}");
/// }
/// # Ok(()) }
/// ```
///
/// An audit record is committed before the first row is read, and another says how many there were.
///
/// # Authority
/// It reads all tenants' tables: the session must be the `…_admin` login's. Nothing but the
/// tenant's rows is asked for, and that no policy left out one of them is proved, not assumed
/// ([`ExportManifest::proof`]).
///
/// # Blocking
/// Files are written with the blocking calls of the standard library, between two batches.
#[derive(Debug, Clone)]
pub struct Export {
    tenancy: Tenancy,
    layout: Option<Layout>,
    tenant: TenantId,
    actor: String,
    reason: String,
    format: ExportFormat,
    progress: Reporter,
}

impl Export {
    /// Of this tenant's rows, by whom and why; the audit log keeps both.
    pub fn new(
        tenancy: &Tenancy,
        tenant: impl Into<TenantId>,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            tenant: tenant.into(),
            actor: actor.into(),
            reason: reason.into(),
            format: ExportFormat::default(),
            progress: Reporter::default(),
        }
    }

    /// The layout that the application uses. Without one, a table whose declaration names no schema
    /// is in `public`.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// How rows are written.
    pub fn format(mut self, format: ExportFormat) -> Self {
        self.format = format;
        self
    }

    /// Who is told how far it has come.
    pub fn report(mut self, reporter: Reporter) -> Self {
        self.progress = reporter;
        self
    }

    /// Writes it to a folder that must not be there yet. Until it is complete it is called
    /// `<name>.partial`, and has no manifest. Only its owner can read it.
    ///
    /// Dropping the future removes what was written. A kill leaves the folder `<name>.partial`,
    /// which nothing takes for an export; remove it.
    ///
    /// # Errors
    /// [`ExportError`]; then what was written is removed.
    pub async fn to_folder<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        path: impl AsRef<Path>,
    ) -> Result<ExportManifest, ExportError> {
        self.to_folder_from(Placement::MAIN, session, session, path).await
    }

    /// Writes it as a tar stream, the manifest last: files of about 8 MiB, which unpacked are what
    /// [`to_folder`](Self::to_folder) writes.
    ///
    /// Dropping the future, or an error, leaves a stream without a manifest, which nothing takes for
    /// an export.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn to_tar<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        out: impl Write + Send,
    ) -> Result<ExportManifest, ExportError> {
        self.to_tar_from(Placement::MAIN, session, session, out).await
    }

    pub(super) fn check(&self) -> Result<(), ExportError> {
        self.tenancy.check()?;
        check_key(&self.tenant, &self.tenancy)?;
        if self.actor.trim().is_empty() || self.reason.trim().is_empty() {
            return Err(ExportError::NoReason);
        }
        Ok(())
    }

    pub(super) async fn run<'s, S: SqlSession + ?Sized, R: SqlSession + ?Sized>(
        &self,
        database: &str,
        session: &S,
        registry: &R,
        mut sink: Box<dyn Sink + 's>,
    ) -> Result<ExportManifest, ExportError> {
        let log = AuditLog::new(registry);
        log.record(&self.record(serde_json::json!({ "state": "started" }))).await?;
        let (tenancy, layout) = (&self.tenancy, self.layout.as_ref());
        let is_elsewhere = database != Placement::MAIN;
        if is_elsewhere {
            // One that comes only now has not all its rows there in the snapshot.
            self.registered(registry, database).await?;
        }
        let snapshot = Snapshot::begin(session, BEGIN, "ACCESS SHARE", tenancy, layout).await?;
        // And one that has left has none any more.
        let slug = if is_elsewhere {
            self.registered(registry, database).await?
        } else {
            self.registered(&*snapshot.session, database).await?
        };
        let mut manifest = self.head(&snapshot, slug).await?;
        for (number, table) in snapshot.tables.all.iter().enumerate() {
            let exported = self.table(&snapshot, number + 1, table, &mut *sink).await?;
            manifest.tables.push(exported);
        }
        manifest.ended_at = self.ended(&snapshot).await?;
        drop(snapshot);
        let manifest = manifest.sealed().map_err(ExportError::Manifest)?;
        let bytes = manifest.to_bytes().map_err(ExportError::Manifest)?;
        let detail = serde_json::json!({
            "state": "written", "rows": manifest.rows(), "bytes": manifest.bytes(),
            "tables": manifest.tables.len(), "manifest_sha256": sha256(&bytes),
        });
        log.record(&self.record(detail)).await?;
        sink.finish(&bytes).map_err(|source| io_error("the manifest", source))?;
        Ok(manifest)
    }

    fn record(&self, detail: serde_json::Value) -> AuditRecord {
        AuditRecord::new(AuditEvent::Exported, self.actor.as_str())
            .tenant(&self.tenant)
            .reason(self.reason.as_str())
            .detail(detail)
    }

    /// The tenant's slug, where its rows are looked for where they are.
    async fn registered<R: SqlSession + ?Sized>(
        &self,
        registry: &R,
        database: &str,
    ) -> Result<String, ExportError> {
        let sql = format!(
            "SELECT slug, placement, database AS lives, schema FROM tenancy.tenants WHERE id = {}",
            literal(&self.tenant)
        );
        let rows = registry.rows(&sql, &[]).await;
        let rows = rows.map_err(|source| session_error("a look at `tenancy.tenants`", source))?;
        let unknown = || ExportError::UnknownTenant(self.tenant.clone());
        let row = rows.first().ok_or_else(unknown)?;
        place(row)?.is_found(database, &self.tenant, self.layout.as_ref())?;
        Ok(text(row, "slug"))
    }

    /// What can be said before the first row.
    async fn head(&self, snapshot: &Snapshot, slug: String) -> Result<ExportManifest, ExportError> {
        let sql = format!(
            "SELECT current_database()::text AS database, version() AS server, {NOW} AS now"
        );
        let rows = snapshot.session.rows(&sql, &[]).await;
        let rows = rows.map_err(|source| session_error("the name of the database", source))?;
        let said = |name| rows.first().map(|row| text(row, name)).unwrap_or_default();
        Ok(ExportManifest {
            format_version: FORMAT_VERSION,
            complete: true,
            tenant: self.tenant.clone(),
            slug,
            format: self.format,
            schema_version: snapshot.tables.schema_version(),
            database: said("database"),
            server_version: said("server"),
            started_at: said("now"),
            ended_at: String::new(),
            proof: snapshot.proof,
            tables: Vec::new(),
            undeclared: snapshot.tables.undeclared.clone(),
            sha256: String::new(),
        })
    }

    async fn ended(&self, snapshot: &Snapshot) -> Result<String, ExportError> {
        let ended = |source| session_error("the end of the transaction", source);
        let rows = snapshot.session.rows(&format!("SELECT {NOW} AS now"), &[]).await;
        let now = rows.map_err(ended)?.first().map(|row| text(row, "now")).unwrap_or_default();
        snapshot.session.batch("COMMIT").await.map_err(ended)?;
        Ok(now)
    }

    async fn table(
        &self,
        snapshot: &Snapshot,
        number: usize,
        table: &Table,
        sink: &mut dyn Sink,
    ) -> Result<ExportedTable, ExportError> {
        let label = table.label();
        let refused = |source| session_error(&format!("the rows of {label}"), source);
        let counted = self.count(snapshot, table).await?;
        let stem = file_name::stem(number, &table.found.schema, &table.found.name);
        let io = |source| io_error(&stem, source);
        let columns: Vec<&Column> = table.columns.iter().collect();
        let header = match self.format {
            ExportFormat::NdJson => String::new(),
            ExportFormat::Csv => super::csv::header(&columns),
        };
        sink.begin(&stem, self.format.extension(), header.as_bytes()).map_err(io)?;
        let query = table.lines(&columns, self.format, &self.tenant);
        let cursor = snapshot.cursor(&query).await.map_err(refused)?;
        let mut digest = RowsDigest::default();
        self.progress.tell(&label, 0, counted);
        loop {
            let lines = cursor.next().await.map_err(refused)?;
            if lines.is_empty() {
                break;
            }
            for line in &lines {
                digest.add(line.as_bytes());
                sink.row(line.as_bytes()).map_err(io)?;
            }
            self.progress.tell(&label, digest.rows, counted);
        }
        let files = sink.end().map_err(io)?;
        if digest.rows != counted {
            return Err(ExportError::Incomplete { table: label, counted, read: digest.rows });
        }
        Ok(ExportedTable {
            schema: table.found.schema.clone(),
            name: table.found.name.clone(),
            tenant_column: table.found.tenant_column.clone(),
            rows: digest.rows,
            rows_digest: digest.text(),
            columns: table.exported_columns(),
            files,
        })
    }

    /// How many rows there are in this snapshot. Those of a child of inheritance have columns that
    /// the table above it does not show.
    async fn count(&self, snapshot: &Snapshot, table: &Table) -> Result<u64, ExportError> {
        let inherited = match table.found.relkind.as_str() {
            "r" => format!("t.tableoid::bigint <> {}", table.found.oid),
            _ => "false".to_owned(),
        };
        let sql = format!(
            "SELECT count(*) AS all, count(*) FILTER (WHERE {inherited}) AS inherited {}",
            table.of_tenant(&self.tenant)
        );
        let rows = snapshot.session.rows(&sql, &[]).await;
        let rows = rows.map_err(|source| {
            session_error(&format!("a count of the rows of {}", table.label()), source)
        })?;
        let number =
            |name| rows.first().and_then(|row| row.get(name)).and_then(serde_json::Value::as_u64);
        match number("inherited") {
            Some(rows) if rows > 0 => Err(ExportError::Inherited { table: table.label(), rows }),
            _ => Ok(number("all").unwrap_or_default()),
        }
    }
}

/// The clock's time, as manifests write it.
const NOW: &str =
    "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

pub(crate) fn check_key(tenant: &TenantId, tenancy: &Tenancy) -> Result<(), Error> {
    tenant.check()?;
    let declared = tenancy.key();
    if tenant.key() == declared {
        return Ok(());
    }
    Err(Error::WrongKey { tenant: tenant.clone(), found: tenant.key(), declared })
}

/// Where the tenant of this row of the registry lives.
pub(super) fn place(row: &JsonRow) -> Result<Placement, Error> {
    let text = |name| row.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    Placement::read(text("placement").as_deref(), text("lives"), text("schema"))
}

fn text(row: &JsonRow, name: &str) -> String {
    row.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn io_error(what: &str, source: io::Error) -> ExportError {
    ExportError::Io { what: what.to_owned(), source }
}

fn session_error(what: &str, source: crate::SessionError) -> ExportError {
    ExportError::Session { what: what.to_owned(), source }
}
