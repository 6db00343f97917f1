//! The erasure in one transaction; in chunks, its end.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    ErasedTable, Erasure, ErasureError, ErasureReceipt,
    look::Look,
    registered::{now, number, text},
    statements::{ASK_ROWS, count, delete_whole, literal},
};
use crate::{
    AuditEvent, AuditLog, AuditRecord, catalogue::CatalogueTable, quote_literal, work::Work,
};

/// How often it deletes what a trigger has made anew, before it says so.
const ROUNDS: usize = 3;

pub(super) type Counts = BTreeMap<String, u64>;

pub(super) async fn run(
    erasure: &Erasure,
    work: &Work,
    actor: &str,
    reason: &str,
) -> Result<ErasureReceipt, ErasureError> {
    let began = now(work).await?;
    let mut look = Look::take(erasure, work, true).await?;
    look.obstacle()?;
    let id = literal(&erasure.id);
    let registered = look.registered.as_mut();
    let mut counts = registered.and_then(|found| found.counts.take()).unwrap_or_default();
    work.session().batch(&look.set(erasure)).await?;
    delete_until_gone(erasure, work, &look, &id, &mut counts).await?;
    unregister(work, &look, &id, &mut counts).await?;
    let tables = look.tables.tables.iter().map(CatalogueTable::label);
    let mut tables: Vec<String> =
        tables.chain(look.own.iter().map(|(o, _)| o.table.clone())).collect();
    tables.dedup();
    let (started, also) = look.registered.map_or((None, None), |found| (found.started, found.also));
    let receipt = ErasureReceipt {
        tenant: erasure.id.clone(),
        tables: tables
            .into_iter()
            .map(|table| ErasedTable { rows: counts.get(&table).copied().unwrap_or(0), table })
            .collect(),
        also: also.unwrap_or(look.also),
        kept: look.kept,
        elsewhere: look.tables.elsewhere,
        started: started.unwrap_or(began),
        ended: now(work).await?,
        actor: actor.to_owned(),
        reason: reason.to_owned(),
        row_security: look.unnarrowed,
        hash: String::new(),
        key: None,
        signature: None,
    };
    let receipt = receipt.sealed(erasure.key.as_ref())?;
    bury(work, &receipt, &id).await?;
    Ok(receipt)
}

/// Deletes all rows, and counts that none is left.
pub(super) async fn delete_until_gone(
    erasure: &Erasure,
    work: &Work,
    look: &Look,
    id: &str,
    counts: &mut Counts,
) -> Result<(), ErasureError> {
    let mut round = 1;
    loop {
        for group in look.groups(erasure) {
            delete_group(erasure, work, look, &group, id, counts).await?;
        }
        match remaining(work, look, id).await? {
            Some((table, rows)) if round == ROUNDS => {
                return Err(ErasureError::Remains { table, rows });
            }
            Some(_) => round += 1,
            None => return Ok(()),
        }
    }
}

/// All rows of tables that are on a cycle, or of the one table of its group.
pub(super) async fn delete_group(
    erasure: &Erasure,
    work: &Work,
    look: &Look,
    group: &[usize],
    id: &str,
    counts: &mut Counts,
) -> Result<(), ErasureError> {
    let tables = look.at(group);
    work.session().batch(&delete_whole(&tables, id)).await?;
    let told = text(work, ASK_ROWS).await?.unwrap_or_default();
    for ((table, at), rows) in tables.iter().zip(group).zip(told.split(',')) {
        let done = counts.entry(table.label()).or_default();
        *done += rows.parse().unwrap_or(0);
        let total = look.rows.get(*at).copied().flatten().unwrap_or(*done);
        erasure.reporter.tell(&table.label(), *done, total);
    }
    Ok(())
}

/// The first table that still has rows, declared or not.
async fn remaining(
    work: &Work,
    look: &Look,
    id: &str,
) -> Result<Option<(String, u64)>, ErasureError> {
    for table in &look.tables.tables {
        let rows = number(work, &count(&table.label(), &table.column(), id)).await?;
        if rows > 0 {
            return Ok(Some((table.label(), rows)));
        }
    }
    Ok(None)
}

/// The members, whatever else of ours has rows of the tenant, and its own row at the end.
async fn unregister(
    work: &Work,
    look: &Look,
    id: &str,
    counts: &mut Counts,
) -> Result<(), ErasureError> {
    for (own, rows) in &look.own {
        if own.deletes {
            let sql = format!("DELETE FROM {} WHERE tenant_id = {id}", own.table);
            work.session().batch(&sql).await?;
        } else if !own.cascades {
            let login = text(work, "SELECT current_user::text AS text").await?.unwrap_or_default();
            return Err(ErasureError::NoPrivilege { table: own.table.clone(), login });
        }
        counts.insert(own.table.clone(), rows.unwrap_or(0));
    }
    work.session().batch(&format!("DELETE FROM tenancy.tenants WHERE id = {id}")).await?;
    for (own, _) in look.own.iter().filter(|(own, _)| own.reads) {
        let rows = number(work, &count(&own.table, "tenant_id", id)).await?;
        if rows > 0 {
            return Err(ErasureError::Remains { table: own.table.clone(), rows });
        }
    }
    Ok(())
}

/// Tombstone and audit record.
async fn bury(work: &Work, receipt: &ErasureReceipt, id: &str) -> Result<(), ErasureError> {
    let sql = format!(
        "INSERT INTO tenancy.tombstones (tenant_id, receipt) VALUES ({id}, {}) \
         ON CONFLICT (tenant_id) DO NOTHING",
        quote_literal(&receipt.hash)
    );
    work.session().batch(&sql).await?;
    let record = AuditRecord::new(AuditEvent::Erased, &receipt.actor)
        .tenant(&receipt.tenant)
        .reason(&receipt.reason)
        .detail(json!({
            "receipt": receipt.hash, "rows": receipt.rows(), "tables": receipt.tables.len(),
            "kept": receipt.kept.len(), "key": receipt.key,
        }));
    AuditLog::new(work.session()).record(&record).await?;
    Ok(())
}
