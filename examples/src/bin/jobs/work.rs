//! What the workers do: a tenant's statement of a month.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, prelude::Decimal,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use tenant_seaorm::{JobKey, SignedJob, SqlRegistry, TenantDb, TenantScope, Verified};

use crate::{
    Result,
    entity::{invoice, job, statement},
};

pub(crate) const WRITE_STATEMENT: &str = "write-statement";

#[derive(Serialize, Deserialize)]
pub(crate) struct WriteStatement {
    pub(crate) month: String,
}

pub(crate) struct Worker {
    pub(crate) db: TenantDb,
    pub(crate) registry: SqlRegistry,
    /// Two while one replaces the other.
    pub(crate) keys: Vec<JobKey>,
}

impl Worker {
    pub(crate) async fn run(&self, job: &job::Model) -> Result<String> {
        let envelope: SignedJob = serde_json::from_value(job.envelope.clone())?;
        // What stands in the column `kind` chooses; what was signed decides.
        match job.kind.as_str() {
            WRITE_STATEMENT => {
                let (claim, job) = envelope.open::<WriteStatement>(&self.keys, WRITE_STATEMENT)?;
                let scope = claim.verify(&self.registry).await?;
                let total = self.write_statement(&scope, job.month).await?;
                Ok(format!("{} owes {total}", scope.record().slug))
            }
            unknown => Err(format!("nobody knows jobs of the kind `{unknown}`").into()),
        }
    }

    async fn write_statement(&self, scope: &TenantScope<Verified>, month: String) -> Result<i64> {
        let tx = self.db.begin(scope).await?;
        let total: Option<Option<Decimal>> = invoice::Entity::find()
            .filter(invoice::Column::Month.eq(&month))
            .select_only()
            .column_as(invoice::Column::Amount.sum(), "total")
            .into_tuple()
            .one(&tx)
            .await?;
        let total = i64::try_from(total.flatten().unwrap_or_default())?;
        // A job can run twice, if a worker died after its commit: the second time changes nothing.
        statement::Entity::insert(statement::ActiveModel { month: Set(month), total: Set(total) })
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        tx.commit().await?;
        Ok(total)
    }
}
