//! A queue in a shared table: what is enqueued, and how two workers never take the same job.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use serde::Serialize;
use tenant_seaorm::{JobKey, SignedJob, TenantDb, TenantScope, Verified};

use crate::{Result, entity::job, work};

/// Puts a job for this scope's tenant into the queue.
pub(crate) async fn enqueue(
    db: &TenantDb,
    key: &JobKey,
    scope: &TenantScope<Verified>,
    kind: &str,
    payload: &(impl Serialize + Sync),
) -> Result<()> {
    let envelope = serde_json::to_value(SignedJob::new(key, kind, scope, payload)?)?;
    let shared = db.shared().await?;
    let kind = Set(kind.to_owned());
    shared.insert(job::ActiveModel { kind, envelope: Set(envelope), ..Default::default() }).await?;
    Ok(shared.commit().await?)
}

/// Works until there is nothing left that nobody else has taken; returns how many jobs it took.
pub(crate) async fn work(worker: &work::Worker) -> Result<usize> {
    let mut taken = 0;
    loop {
        // The lock lasts as long as this transaction. A worker that dies lets go of its job.
        let queue = worker.db.shared().await?;
        let next = job::Entity::find()
            .filter(job::Column::Outcome.is_null())
            .order_by_asc(job::Column::Id)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let Some(job) = queue.one(next).await? else { return Ok(taken) };
        let outcome = match worker.run(&job).await {
            Ok(done) => format!("done: {done}"),
            Err(error) => format!("refused: {error}"),
        };
        let mut job = job.into_active_model();
        job.outcome = Set(Some(outcome));
        queue.update(job).await?;
        queue.commit().await?;
        taken += 1;
    }
}
