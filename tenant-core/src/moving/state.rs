//! How far a move is: its row in the registry.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{MoveError, Moved, MovedTable, error::at, lock::locked};
use crate::{
    AuditEvent, AuditLog, AuditRecord, Error, JsonRow, Placement, SessionError, SqlSession,
    TenantId, TenantStatus, export::tables::literal, quote_literal, tenants::in_the_log,
    work::Work,
};

/// A step of a move that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MoveStep {
    /// It is written down that the tenant moves. Nothing else has happened.
    Begun,
    /// The target has the rows; the tenant goes on writing in the source.
    Copied,
    /// The tenant's writes are refused from now on.
    Frozen,
    /// The tenant lives in the target.
    Switched,
    /// Nothing of it is left in the source.
    Erased,
}

impl fmt::Display for MoveStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begun => "begun",
            Self::Copied => "copied",
            Self::Frozen => "frozen",
            Self::Switched => "switched",
            Self::Erased => "erased",
        })
    }
}

/// A move that is not at its end.
#[derive(Debug)]
pub(super) struct State {
    pub(super) step: MoveStep,
    pub(super) from: Placement,
    pub(super) to: Placement,
}

/// What the registry says of the tenant.
#[derive(Debug, Deserialize)]
struct Found {
    status: TenantStatus,
    legal_hold: Option<String>,
    placement: Option<String>,
    database: Option<String>,
    schema: Option<String>,
    known: bool,
    fits: bool,
    taken: bool,
}

/// The registry's database, on the connection that holds the lock.
pub(super) struct Registry {
    pub(super) session: Arc<dyn SqlSession>,
    tenant: TenantId,
    actor: String,
    reason: String,
}

impl Registry {
    pub(super) async fn open(
        session: &dyn SqlSession,
        tenant: &TenantId,
        actor: &str,
        reason: &str,
    ) -> Result<Self, MoveError> {
        Ok(Self {
            session: locked(session, "registry", tenant).await?,
            tenant: tenant.clone(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
        })
    }

    fn id(&self) -> String {
        literal(&self.tenant)
    }

    /// The move that has begun, if there is one.
    pub(super) async fn state(&self) -> Result<Option<State>, MoveError> {
        let sql = format!(
            "SELECT m.step, m.from_placement, m.from_database, m.from_schema, m.to_placement, \
             m.to_database, m.to_schema FROM tenancy.moves AS m WHERE m.tenant_id = {}",
            self.id()
        );
        let rows = self.rows("a look at `tenancy.moves`", &sql).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
        let place = |end: &str| {
            let kind = text(&format!("{end}_placement"));
            let database = text(&format!("{end}_database"));
            Placement::read(kind.as_deref(), database, text(&format!("{end}_schema")))
        };
        let step = row.get("step").cloned().unwrap_or_default();
        let step = serde_json::from_value(step).map_err(|e| unread(e.into()))?;
        Ok(Some(State { step, from: place("from")?, to: place("to")? }))
    }

    /// Where the tenant lives, if it may leave for `to`.
    pub(super) async fn may_move(&self, to: &Placement) -> Result<Placement, MoveError> {
        let sql = format!(
            "SELECT t.status, t.legal_hold, t.placement, t.database, t.schema, d.name IS NOT NULL AS known, \
             t.region IS NULL OR coalesce(t.region = d.region, false) AS fits, \
             EXISTS (SELECT FROM tenancy.tenants AS o WHERE o.id <> t.id AND o.database = w.database \
               AND CASE w.kind WHEN 'schema' THEN o.schema = w.schema WHEN 'database' THEN o.placement = w.kind \
               ELSE false END) AS taken \
             FROM (SELECT {}, {}, {}) AS w (kind, database, schema) CROSS JOIN tenancy.tenants AS t \
             LEFT JOIN tenancy.databases AS d ON d.name = w.database WHERE t.id = {}",
            quote_literal(to.kind()),
            quote_literal(to.database_name()),
            schema_literal(to),
            self.id()
        );
        let mut rows = self.rows("a look at `tenancy.tenants`", &sql).await?;
        let row = rows.pop().ok_or_else(|| MoveError::Unknown(self.tenant.clone()))?;
        let found: Found =
            serde_json::from_value(Value::Object(row)).map_err(|e| unread(e.into()))?;
        let tenant = self.tenant.clone();
        if matches!(found.status, TenantStatus::Deleted | TenantStatus::Spare) {
            return Err(MoveError::Status { tenant, status: found.status });
        }
        if let Some(reason) = found.legal_hold {
            return Err(MoveError::LegalHold { tenant, reason });
        }
        let from = Placement::read(found.placement.as_deref(), found.database, found.schema)?;
        if from == *to {
            return Err(MoveError::AlreadyThere { tenant, placement: from });
        }
        let why = match (found.known, found.fits, found.taken) {
            (false, ..) => {
                "the registry knows no database of this name; add it with `Tenants::add_database`"
            }
            (_, false, _) => {
                "the tenant must not leave its region, and the database is in another one, or nobody \
                 said where it is; take a database of that region"
            }
            (_, _, true) => {
                "another tenant lives in that schema or database, which is for one; take another one"
            }
            _ => return Ok(from),
        };
        Err(MoveError::Place { to: to.clone(), why })
    }

    /// Why the source must not be erased, if there is a reason.
    pub(super) async fn hold(&self) -> Result<(), MoveError> {
        let sql = format!(
            "SELECT t.legal_hold AS hold FROM tenancy.tenants AS t WHERE t.id = {} AND t.legal_hold IS NOT NULL",
            self.id()
        );
        let rows = self.rows("a look at `tenancy.tenants`", &sql).await?;
        match rows.first().and_then(|row| row.get("hold")?.as_str()) {
            Some(reason) => {
                let (tenant, reason) = (self.tenant.clone(), reason.to_owned());
                Err(MoveError::LegalHold { tenant, reason })
            }
            None => Ok(()),
        }
    }

    /// Writes down that it begins.
    pub(super) async fn begin(&self, from: &Placement, to: &Placement) -> Result<(), MoveError> {
        let work = self.work().await?;
        let begun = self.begin_in(&work, from, to).await;
        work.end(begun, at("the beginning of the move")).await
    }

    async fn begin_in(
        &self,
        work: &Work,
        from: &Placement,
        to: &Placement,
    ) -> Result<(), MoveError> {
        let sql = format!(
            "INSERT INTO tenancy.moves (tenant_id, from_placement, from_database, from_schema, \
             to_placement, to_database, to_schema, step, actor, reason) \
             VALUES ({}, {}, {}, {}, {}, {}, {}, 'begun', {}, {})",
            self.id(),
            quote_literal(from.kind()),
            quote_literal(from.database_name()),
            schema_literal(from),
            quote_literal(to.kind()),
            quote_literal(to.database_name()),
            schema_literal(to),
            quote_literal(&self.actor),
            quote_literal(&self.reason),
        );
        work.session().batch(&sql).await.map_err(at("the beginning of the move"))?;
        self.record(work, "begun", from, to, &json!({})).await
    }

    /// Writes down how far it is. `frozen` is when the writes were frozen; `None` takes that back.
    pub(super) async fn advance(
        &self,
        step: MoveStep,
        frozen: Option<&str>,
    ) -> Result<(), MoveError> {
        let frozen = match (step, frozen) {
            (MoveStep::Frozen, Some(at)) => {
                format!(", frozen_at = {}::timestamptz", quote_literal(at))
            }
            (MoveStep::Begun | MoveStep::Copied, _) => ", frozen_at = NULL".to_owned(),
            _ => String::new(),
        };
        let sql = format!(
            "UPDATE tenancy.moves SET step = '{step}'{frozen} WHERE tenant_id = {}",
            self.id()
        );
        self.session.batch(&sql).await.map_err(at("a step of the move in `tenancy.moves`"))
    }

    /// From its commit on the tenant lives there.
    pub(super) async fn switch(
        &self,
        from: &Placement,
        to: &Placement,
        tables: &[MovedTable],
    ) -> Result<(), MoveError> {
        let work = self.work().await?;
        let switched = self.switch_in(&work, from, to, tables).await;
        work.end(switched, at("the switch")).await
    }

    async fn switch_in(
        &self,
        work: &Work,
        from: &Placement,
        to: &Placement,
        tables: &[MovedTable],
    ) -> Result<(), MoveError> {
        let what = at("the switch");
        // The epoch stays: claims, and jobs that wait, are good where the tenant lives now, too.
        let sql = format!(
            "UPDATE tenancy.tenants AS t SET placement = {}, database = {}, schema = {} \
             WHERE t.id = {} AND t.placement = {} AND t.database = {} AND t.schema IS NOT DISTINCT FROM {} \
             AND t.status <> 'deleted' AND t.legal_hold IS NULL RETURNING true AS done",
            quote_literal(to.kind()),
            quote_literal(to.database_name()),
            schema_literal(to),
            self.id(),
            quote_literal(from.kind()),
            quote_literal(from.database_name()),
            schema_literal(from),
        );
        let changed = work.session().rows(&sql, &[]).await.map_err(&what)?;
        if changed.is_empty() {
            // Somebody has placed, deleted or held it meanwhile.
            let why = "the registry's record of the tenant was changed while it was on its way; see what \
                       the audit log says, and cancel the move";
            return Err(MoveError::Place { to: to.clone(), why });
        }
        let proof = serde_json::to_string(tables).map_err(|e| unread(e.into()))?;
        let sql = format!(
            "UPDATE tenancy.moves SET step = 'switched', proof = {}::jsonb WHERE tenant_id = {}",
            quote_literal(&proof),
            self.id()
        );
        work.session().batch(&sql).await.map_err(&what)?;
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        self.record(work, "switched", from, to, &json!({ "rows": rows })).await
    }

    /// How many seconds ago it was switched, by a clock that was read after the commit.
    pub(super) async fn switched_for(&self) -> Result<f64, MoveError> {
        let what = "the time since the switch";
        let set = format!(
            "UPDATE tenancy.moves SET switched_at = clock_timestamp() \
             WHERE tenant_id = {} AND switched_at IS NULL",
            self.id()
        );
        self.session.batch(&set).await.map_err(at(what))?;
        let sql = format!(
            "SELECT extract(epoch FROM clock_timestamp() - m.switched_at)::float8 AS seconds \
             FROM tenancy.moves AS m WHERE m.tenant_id = {}",
            self.id()
        );
        let rows = self.rows(what, &sql).await?;
        Ok(rows.first().and_then(|row| row.get("seconds")?.as_f64()).unwrap_or_default())
    }

    /// The end: the row goes, the audit log has it.
    pub(super) async fn end(&self, state: &State, how: &str) -> Result<Moved, MoveError> {
        let work = self.work().await?;
        let ended = self.end_in(&work, state, how).await;
        work.end(ended, at("the end of the move")).await
    }

    async fn end_in(&self, work: &Work, state: &State, how: &str) -> Result<Moved, MoveError> {
        let what = at("the end of the move");
        let sql = format!(
            "DELETE FROM tenancy.moves AS m WHERE m.tenant_id = {} RETURNING m.proof, \
             extract(epoch FROM m.switched_at - m.frozen_at)::float8 AS seconds",
            self.id()
        );
        let rows = work.session().rows(&sql, &[]).await.map_err(&what)?;
        let row = rows.first();
        let proof = row.and_then(|row| row.get("proof")).filter(|proof| !proof.is_null());
        let tables = match proof {
            Some(proof) => serde_json::from_value(proof.clone()).map_err(|e| unread(e.into()))?,
            None => Vec::new(),
        };
        let seconds = row.and_then(|row| row.get("seconds")?.as_f64()).unwrap_or_default();
        let detail = json!({ "writes_refused_seconds": seconds });
        self.record(work, how, &state.from, &state.to, &detail).await?;
        Ok(Moved {
            tenant: self.tenant.clone(),
            from: state.from.clone(),
            to: state.to.clone(),
            tables,
            writes_refused: std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        })
    }

    /// By the registry's clock.
    pub(super) async fn now(&self) -> Result<String, MoveError> {
        let rows = self.rows("the time", "SELECT clock_timestamp()::text AS now").await?;
        let now = rows.first().and_then(|row| row.get("now")?.as_str());
        Ok(now.unwrap_or_default().to_owned())
    }

    /// What the audit log of the target's database keeps, where that is another one.
    pub(super) fn arrived(&self, from: &Placement, to: &Placement) -> AuditRecord {
        self.moved("arrived", from, to, &json!({}))
    }

    fn moved(&self, state: &str, from: &Placement, to: &Placement, more: &Value) -> AuditRecord {
        let mut detail = json!({ "state": state, "from": in_the_log(from), "to": in_the_log(to) });
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more.clone());
        }
        AuditRecord::new(AuditEvent::Moved, self.actor.as_str())
            .tenant(&self.tenant)
            .reason(self.reason.as_str())
            .detail(detail)
    }

    async fn record(
        &self,
        work: &Work,
        state: &str,
        from: &Placement,
        to: &Placement,
        more: &Value,
    ) -> Result<(), MoveError> {
        AuditLog::new(work.session()).record(&self.moved(state, from, to, more)).await?;
        Ok(())
    }

    async fn work(&self) -> Result<Work, MoveError> {
        Work::on(Box::new(Arc::clone(&self.session))).await.map_err(at("the registry"))
    }

    async fn rows(&self, what: &str, sql: &str) -> Result<Vec<JsonRow>, MoveError> {
        self.session.rows(sql, &[]).await.map_err(at(what))
    }
}

fn schema_literal(placement: &Placement) -> String {
    let schema = placement.schema_name().map(quote_literal);
    schema.map_or_else(|| "NULL::text".to_owned(), |schema| format!("{schema}::text"))
}

fn unread(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Unread { source: SessionError::driver(error) }
}
