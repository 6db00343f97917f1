//! A transaction in which values read and print the same on every server.

use std::collections::BTreeSet;

use serde_json::Value;

use super::tables::Tables;
use crate::{
    Error, JsonRow, Layout, SessionError, SqlSession, Tenancy, Unnarrowed, catalogue::unnarrowed,
};

/// Lines and bytes of a batch: what is in memory at a time.
const MOST_LINES: u32 = 5000;
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// One is open at a time.
const CURSOR: &str = "tenancy_lines";

/// Everything that the text of a value depends on, and no time limit: the work is long.
const SETTINGS: &str = "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL DateStyle = 'ISO, YMD'; \
    SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL extra_float_digits = 3; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content'; \
    SET LOCAL array_nulls = on; SET LOCAL cursor_tuple_fraction = 1; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0;";

/// An open transaction, and the tables as it found them under its locks.
pub(crate) struct Snapshot {
    pub(crate) session: Box<dyn SqlSession>,
    pub(crate) tables: Tables,
    pub(crate) proof: Unnarrowed,
    /// The names of the tables' unique indexes, and of the constraints that are on them.
    pub(crate) unique: BTreeSet<String>,
}

impl Snapshot {
    /// Begins it. The locks come before the first query, and so before the snapshot: what the tables
    /// and their policies are does not change until the end.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`], [`Error::Unread`], [`Error::Narrowed`].
    pub(crate) async fn begin<S: SqlSession + ?Sized>(
        session: &S,
        begin: &str,
        lock: &str,
        tenancy: &Tenancy,
        layout: Option<&Layout>,
    ) -> Result<Self, Error> {
        let session = session.dedicated().await.map_err(|source| Error::Unread { source })?;
        Self::on(session, begin, lock, tenancy, layout).await
    }

    /// The same on this connection, whose path it sets.
    pub(crate) async fn on(
        session: Box<dyn SqlSession>,
        begin: &str,
        lock: &str,
        tenancy: &Tenancy,
        layout: Option<&Layout>,
    ) -> Result<Self, Error> {
        let unread = |source| Error::Unread { source };
        session.batch("SET search_path = pg_catalog, pg_temp").await.map_err(unread)?;
        let tables = Tables::read(&*session, tenancy, layout).await?;
        let open = format!("{begin}; {SETTINGS} {}", tables.lock(lock));
        session.batch(&open).await.map_err(unread)?;
        let tables = Tables::read(&*session, tenancy, layout).await?;
        let proof = unnarrowed(&*session, &tables.catalogue()).await?;
        session.batch(proof.set()).await.map_err(unread)?;
        let unique = unique(&*session, &tables).await.map_err(unread)?;
        Ok(Self { session, tables, proof, unique })
    }

    /// Opens a cursor over a query for one text.
    pub(crate) async fn cursor(&self, query: &str) -> Result<Cursor<'_>, SessionError> {
        let declare = format!("DECLARE {CURSOR} NO SCROLL CURSOR WITHOUT HOLD FOR {query}");
        self.session.batch(&declare).await?;
        Ok(Cursor { session: &*self.session })
    }
}

async fn unique(
    session: &dyn SqlSession,
    tables: &Tables,
) -> Result<BTreeSet<String>, SessionError> {
    let trees = tables.all.iter().flat_map(|table| &table.found.tree);
    let oids: Vec<String> = trees.map(ToString::to_string).collect();
    let sql = format!(
        "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE i.indisunique AND i.indrelid::bigint = ANY (ARRAY[{}]::bigint[])",
        oids.join(", ")
    );
    let rows = session.rows(&sql, &[]).await?;
    let name = |row: &JsonRow| row.get("name").and_then(Value::as_str).map(str::to_owned);
    Ok(rows.iter().filter_map(name).collect())
}

/// A cursor of the server's, read in batches.
pub(crate) struct Cursor<'s> {
    session: &'s dyn SqlSession,
}

impl Cursor<'_> {
    /// The next lines; none at the end, when the cursor is closed.
    pub(crate) async fn next(&self) -> Result<Vec<String>, SessionError> {
        let fetch = format!(
            "SELECT f.lines FROM tenancy.fetch('{CURSOR}', {MOST_LINES}, {MOST_BYTES}) AS f"
        );
        let mut rows = self.session.rows(&fetch, &[]).await?;
        let lines = rows.first_mut().and_then(|row| row.remove("lines"));
        let Some(Value::Array(lines)) = lines else {
            return Err(SessionError::driver("tenancy.fetch answered something else than lines"));
        };
        let text = |line| match line {
            Value::String(line) => Ok(line),
            _ => Err(SessionError::driver("tenancy.fetch answered something else than texts")),
        };
        let lines: Vec<String> = lines.into_iter().map(text).collect::<Result<_, _>>()?;
        if lines.is_empty() {
            self.session.batch(&format!("CLOSE {CURSOR}")).await?;
        }
        Ok(lines)
    }
}
