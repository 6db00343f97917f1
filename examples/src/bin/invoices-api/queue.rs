//! Signed jobs in a shared table, taken with `FOR UPDATE SKIP LOCKED`.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use tenant_core::SignedJob;
use tenant_examples::entity::job;
use tenant_seaorm::TenantDb;

use crate::Result;

pub(crate) async fn enqueue(db: &TenantDb, job: &SignedJob) -> Result<()> {
    let envelope = Set(serde_json::to_string(job)?);
    let shared = db.shared().await?;
    shared.insert(job::ActiveModel { envelope, ..Default::default() }).await?;
    Ok(shared.commit().await?)
}

/// Takes the oldest job that nobody else has, and runs it; `false` if there is none. The lock lasts
/// as long as the transaction: a worker that dies lets go of its job.
pub(crate) async fn take<F>(db: &TenantDb, run: impl FnOnce(SignedJob) -> F) -> Result<bool>
where
    F: Future<Output = Result<()>>,
{
    let queue = db.shared().await?;
    let next = job::Entity::find()
        .filter(job::Column::Outcome.is_null())
        .order_by_asc(job::Column::JobId)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(job) = queue.one(next).await? else { return Ok(false) };
    let outcome = match serde_json::from_str(&job.envelope) {
        Ok(envelope) => match run(envelope).await {
            Ok(()) => "done".to_owned(),
            Err(error) => format!("refused: {error}"),
        },
        Err(error) => format!("refused: {error}"),
    };
    let mut job = job.into_active_model();
    job.outcome = Set(Some(outcome));
    queue.update(job).await?;
    queue.commit().await?;
    Ok(true)
}
