use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{AuditEntry, AuditRecord, chain::Row};
use crate::{
    Error, JsonRow, SessionError, SqlSession,
    hex::{hex, unhex},
};

/// How many records are read at a time.
const PAGE: usize = 1000;

/// The database's audit log, `tenancy.audit`: records are added and never changed. Each has a hash
/// over itself and the one before, so that [`verify`](Self::verify) misses one that is not as it was.
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession) -> Result<(), tenant_core::Error> {
/// use tenant_core::{AuditEvent, AuditLog, AuditRecord};
///
/// let log = AuditLog::new(&session); // as `shop_admin`
/// let event = AuditEvent::Other("plan_changed".into());
/// log.record(&AuditRecord::new(event, "alice@support").reason("ticket 4711")).await?;
///
/// let head = log.verify(None).await?; // keep it elsewhere: the next time begin there
/// # Ok(()) }
/// ```
///
/// # Authority
/// The `…_admin` login records and reads; the `…_registry` login records, for what an application
/// wants to note out of band. The login that runs tenants' queries can do neither. Nobody of them
/// changes or deletes a record. The owner of the table could take it down to its trigger and write
/// another history; who keeps heads elsewhere sees that.
#[derive(Debug, Clone, Copy)]
pub struct AuditLog<'s, S: ?Sized> {
    session: &'s S,
}

/// The last record of a log, as far as it was verified: kept elsewhere, it tells later that nothing
/// before it was changed or cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The record's number; 0 of an empty log.
    pub id: i64,
    /// The record's hash, in hexadecimal digits.
    pub hash: String,
}

impl<'s, S: SqlSession + ?Sized> AuditLog<'s, S> {
    /// The log of this session's database.
    pub fn new(session: &'s S) -> Self {
        Self { session }
    }

    /// Adds a record, in a transaction of its own unless the session is in one, and tells `tracing`
    /// (target `tenant::audit`).
    ///
    /// Dropping the future leaves the record written or not.
    ///
    /// # Errors
    /// [`Error::Session`]; then nothing was written.
    pub async fn record(&self, record: &AuditRecord) -> Result<AuditHead, Error> {
        let tenant = record.tenant.as_ref().map(ToString::to_string).unwrap_or_default();
        let reason = record.reason.as_deref().unwrap_or_default();
        let params =
            [record.event.name(), &tenant, &record.actor, reason, &record.detail.to_string()];
        let rows = self
            .session
            .rows(
                "SELECT id, hash FROM tenancy.record($1, nullif($2, ''), $3, nullif($4, ''), $5)",
                &params,
            )
            .await?;
        let [head] = read::<[AuditHead; 1]>(rows)?;
        tracing::info!(
            target: "tenant::audit", event = %record.event, tenant.id = tenant, actor = record.actor,
            reason, audit.id = head.id, "recorded"
        );
        Ok(head)
    }

    /// The records after this number (0: from the beginning), oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn entries(&self, after: i64, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.page(after, limit).await?.into_iter().map(Row::entry).collect())
    }

    /// Computes every hash again, from the first record on, or from the one after `since`, which must
    /// then be as it was.
    ///
    /// A log whose last records were cut off is sound in itself; a head that was kept tells.
    ///
    /// # Errors
    /// [`Error::Audit`] with the first record that is not as it was; [`Error::Session`].
    pub async fn verify(&self, since: Option<&AuditHead>) -> Result<AuditHead, Error> {
        let mut head = since.cloned().unwrap_or(AuditHead { id: 0, hash: String::new() });
        if head.id > 0 {
            let kept = self.page(head.id - 1, 1).await?;
            if kept.first().is_none_or(|row| row.id() != head.id || row.hash() != head.hash) {
                let why = "it is not the one that was kept: it was changed, or cut off";
                return Err(Error::Audit { id: head.id, why });
            }
        }
        let broken = |id, why| Err(Error::Audit { id, why });
        loop {
            let rows = self.page(head.id, PAGE).await?;
            let last = rows.len() < PAGE;
            for row in rows {
                let Some(previous) = unhex(&head.hash) else {
                    return broken(head.id, "its hash is none");
                };
                if row.id() != head.id + 1 {
                    return broken(head.id + 1, "it is missing");
                }
                if row.hash() != hex(&row.expected(&previous)) {
                    return broken(row.id(), "its hash does not fit it and the record before it");
                }
                head = AuditHead { id: row.id(), hash: row.hash().to_owned() };
            }
            if last {
                return Ok(head);
            }
        }
    }

    async fn page(&self, after: i64, limit: usize) -> Result<Vec<Row>, Error> {
        let sql = "SELECT id, (extract(epoch FROM at) * 1000000)::bigint AS micros, \
                   to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, \
                   event, tenant, actor, reason, detail, login, encode(hash, 'hex') AS hash \
                   FROM tenancy.audit AS a WHERE a.id > $1::text::bigint \
                   ORDER BY a.id LIMIT $2::text::bigint";
        let rows = self.session.rows(sql, &[&after.to_string(), &limit.to_string()]).await?;
        read(rows)
    }
}

fn read<T: DeserializeOwned>(rows: Vec<JsonRow>) -> Result<T, Error> {
    let rows = rows.into_iter().map(serde_json::Value::Object).collect();
    serde_json::from_value(serde_json::Value::Array(rows))
        .map_err(|error| SessionError::driver(error).into())
}
