//! The shop's invoices in SeaORM.

use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DbErr, EntityTrait, QueryOrder, QuerySelect, SqlErr,
    prelude::Decimal,
};
use tenant_examples::{
    entity::{TENANCY, invoice, report},
    invoices::{Invoice, NewInvoice, Revenue, today},
};
use tenant_seaorm::{Error, Principal, TenantDb};

use crate::{
    Result,
    database::Database,
    failure::Failure,
    invoices::{Invoices, Report, Scope, exports},
};

type Answer<T> = std::result::Result<T, Failure>;

pub(crate) struct Shop {
    db: TenantDb,
}

impl Shop {
    pub(crate) async fn connect(database: &Database) -> Result<Self> {
        let db = TenantDb::builder(&TENANCY).seal(database.seal()).connect(&database.login).await?;
        Ok(Self { db })
    }
}

#[async_trait]
impl Invoices for Shop {
    async fn list(&self, scope: &Scope, limit: u32) -> Answer<Vec<Invoice>> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let latest = invoice::Entity::find().order_by_desc(invoice::Column::InvoiceId);
        let rows = latest.limit(u64::from(limit)).all(&tx).await.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn get(&self, scope: &Scope, id: i32) -> Answer<Option<Invoice>> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let found = invoice::Entity::find_by_id(id).one(&tx).await;
        let found = found.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(found.map(Into::into))
    }

    async fn create(&self, scope: &Scope, new: NewInvoice) -> Answer<Invoice> {
        let total = new.total.parse::<Decimal>().map_err(|_| Failure::Invalid("No such total"))?;
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let row = invoice::ActiveModel {
            customer_id: Set(new.customer),
            invoice_date: Set(today()),
            total: Set(total),
            ..Default::default()
        };
        let row = row.insert(&tx).await.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(row.into())
    }

    async fn revenue(&self, scope: &Scope) -> Answer<Revenue> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let row: Option<(Option<Decimal>, i64)> = invoice::Entity::find()
            .select_only()
            .column_as(sea_orm::ColumnTrait::sum(&invoice::Column::Total), "sum")
            .column_as(sea_orm::ColumnTrait::count(&invoice::Column::InvoiceId), "count")
            .into_tuple()
            .one(&tx)
            .await
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        let (sum, invoices) = row.unwrap_or_default();
        Ok(Revenue { sum: sum.unwrap_or_default().to_string(), invoices })
    }

    async fn order_report(&self, scope: &Scope) -> Answer<i32> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let row = report::ActiveModel { status: Set("queued".to_owned()), ..Default::default() };
        let row = row.insert(&tx).await.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(row.report_id)
    }

    async fn write_report(&self, scope: &Scope, id: i32, text: String) -> Answer<()> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let row = report::ActiveModel {
            report_id: Set(id),
            status: Set("done".to_owned()),
            result: Set(Some(text)),
            ..Default::default()
        };
        row.update(&tx).await.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))
    }

    async fn report(&self, scope: &Scope, id: i32) -> Answer<Option<Report>> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let found = report::Entity::find_by_id(id).one(&tx).await;
        let found = found.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(found.map(|row| Report { id, status: row.status, result: row.result }))
    }

    async fn use_export(&self, scope: &Scope) -> Answer<()> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        tx.use_quota(&exports(), 1).await.map_err(|e| failed(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))
    }
}

fn refused(scope: &Scope, error: DbErr) -> Failure {
    // A customer of another tenant is none: the foreign key has the tenant in it.
    if let Some(SqlErr::ForeignKeyConstraintViolation(_)) = error.sql_err() {
        return Failure::Invalid("No such customer");
    }
    failed(scope, Error::classify(Some(scope.id()), error))
}

fn failed(scope: &Scope, error: Error) -> Failure {
    if let Error::NotActive { .. } = error {
        return Failure::NotActive;
    }
    let Principal::User(actor) = scope.principal() else { return Failure::internal(error) };
    match error.audit_record(actor) {
        Some(record) if matches!(error, Error::QuotaExceeded { .. }) => {
            Failure::Quota(Box::new(record))
        }
        Some(record) => Failure::Refused(Box::new(record)),
        None => Failure::internal(error),
    }
}
