//! The erasure of big tables, in transactions of some rows each.

use serde_json::json;

use super::{
    Erasure, ErasureError,
    look::Look,
    registered::{self, now, number},
    run::{Counts, delete_group},
    statements::{ASK_ROWS, Step, literal, steps},
};
use crate::{AuditEvent, AuditLog, AuditRecord, quote_literal, work::Work};

/// Deletes the rows; what is left to do then is the end of an erasure in one transaction, which has
/// begun.
pub(super) async fn run(
    erasure: &Erasure,
    work: &Work,
    rows: u32,
    actor: &str,
    reason: &str,
) -> Result<(), ErasureError> {
    let mut look = Look::take(erasure, work, true).await?;
    look.obstacle()?;
    begin(erasure, work, &look, actor, reason).await?;
    work.commit().await?;
    let registered = look.registered.as_mut();
    let mut chunks = Chunks {
        counts: registered.and_then(|found| found.counts.take()).unwrap_or_default(),
        set: look.set(erasure),
        id: literal(&erasure.id),
        erasure,
        work,
        look: &look,
    };
    for group in look.groups(erasure) {
        let total = |at: &usize| look.rows.get(*at).copied().flatten().unwrap_or(0);
        if group.iter().map(total).sum::<u64>() > 0 {
            chunks.group(&group, rows).await?;
        }
    }
    work.again().await?;
    Ok(())
}

/// Nobody opens the tenant any more, and whoever looks knows why.
async fn begin(
    erasure: &Erasure,
    work: &Work,
    look: &Look,
    actor: &str,
    reason: &str,
) -> Result<(), ErasureError> {
    let Some(registered) = &look.registered else { return Ok(()) };
    let begun = json!({ "started": now(work).await?, "counts": {}, "also": look.also }).to_string();
    let sql = format!(
        "UPDATE tenancy.tenants SET status = 'deleted', erasure = coalesce(erasure, {}::jsonb) \
         WHERE id = {}",
        quote_literal(&begun),
        literal(&erasure.id)
    );
    work.session().batch(&sql).await?;
    if registered.started.is_none() {
        let record = AuditRecord::new(AuditEvent::Changed, actor)
            .tenant(&erasure.id)
            .reason(reason)
            .detail(json!({ "change": "status", "to": "deleted", "erasure": "begun" }));
        AuditLog::new(work.session()).record(&record).await?;
    }
    Ok(())
}

struct Chunks<'e> {
    erasure: &'e Erasure,
    work: &'e Work,
    look: &'e Look,
    id: String,
    set: String,
    counts: Counts,
}

impl Chunks<'_> {
    async fn group(&mut self, group: &[usize], rows: u32) -> Result<(), ErasureError> {
        let tables = self.look.at(group);
        let Some(steps) = steps(&tables, &self.look.tables.keys, &self.id, rows) else {
            return self.whole(group).await;
        };
        for step in &steps {
            let total = group.iter().zip(&tables).find(|(_, table)| table.label() == step.label);
            let total = total.and_then(|(at, _)| *self.look.rows.get(*at)?).unwrap_or(0);
            // Where something sets them again, it would have no end.
            let mut left = total / u64::from(rows) + 2;
            loop {
                match self.chunk(step, total).await {
                    Ok(0) => break,
                    Ok(_) if step.opens && left == 0 => return self.whole(group).await,
                    Ok(_) => left = left.saturating_sub(1),
                    // A check, a trigger: then not so. A lost connection is told by what comes next.
                    Err(ErasureError::Core(_)) if step.opens => {
                        self.work.session().batch("ROLLBACK").await?;
                        return self.whole(group).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// One transaction, after which what it did is written down beside the tenant.
    async fn chunk(&mut self, step: &Step, total: u64) -> Result<u64, ErasureError> {
        self.begin().await?;
        self.work.session().batch(&step.sql).await?;
        let rows = number(self.work, ASK_ROWS).await?;
        if !step.opens && rows > 0 {
            *self.counts.entry(step.label.clone()).or_default() += rows;
        }
        self.end().await?;
        if !step.opens {
            let done = self.counts.get(&step.label).copied().unwrap_or(0);
            self.erasure.reporter.tell(&step.label, done, total.max(done));
        }
        Ok(rows)
    }

    async fn whole(&mut self, group: &[usize]) -> Result<(), ErasureError> {
        self.begin().await?;
        delete_group(self.erasure, self.work, self.look, group, &self.id, &mut self.counts).await?;
        self.end().await
    }

    /// Goes on from what is written down: another run may be at work, too.
    async fn begin(&mut self) -> Result<(), ErasureError> {
        self.work.again().await?;
        let tenant = || self.erasure.id.clone();
        if let Some(found) = registered::find(self.work, &self.id, true).await? {
            if let Some(reason) = found.legal_hold {
                return Err(ErasureError::LegalHold { tenant: tenant(), reason });
            }
            self.counts = found.counts.unwrap_or_default();
        } else if self.look.registered.is_some() {
            return Err(ErasureError::Unknown(tenant()));
        }
        Ok(self.work.session().batch(&self.set).await?)
    }

    async fn end(&self) -> Result<(), ErasureError> {
        let sql = format!(
            "UPDATE tenancy.tenants SET erasure = jsonb_set(erasure, '{{counts}}', {}::jsonb) WHERE id = {}",
            quote_literal(&json!(self.counts).to_string()),
            self.id
        );
        self.work.session().batch(&sql).await?;
        Ok(self.work.commit().await?)
    }
}
