//! The shop's invoices in SeaORM.

use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DbErr, EntityTrait, QueryOrder, QuerySelect, SqlErr,
    prelude::Decimal,
};
use tenant_core::Seal;
use tenant_examples::{
    chinook::Chinook,
    entity::{TENANCY, invoice, report},
};
use tenant_seaorm::{Error, Principal, TenantDb};

use crate::{
    Result,
    failure::Failure,
    invoices::{Invoice, Invoices, NewInvoice, Report, Revenue, Scope, today},
    state::exports,
};

type Answer<T> = std::result::Result<T, Failure>;

pub(crate) struct Shop {
    db: TenantDb,
}

impl Shop {
    pub(crate) async fn connect(shop: &Chinook, seal: Seal) -> Result<Self> {
        let db = TenantDb::builder(&TENANCY).seal(seal).connect(shop.login_url()).await?;
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
        Ok(rows.iter().map(of_row).collect())
    }

    async fn get(&self, scope: &Scope, id: i32) -> Answer<Option<Invoice>> {
        let tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let found = invoice::Entity::find_by_id(id).one(&tx).await;
        let found = found.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(found.as_ref().map(of_row))
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
        Ok(of_row(&row))
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

fn of_row(row: &invoice::Model) -> Invoice {
    Invoice {
        id: row.invoice_id,
        customer: row.customer_id,
        date: row.invoice_date.date().to_string(),
        total: row.total.to_string(),
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
    let Principal::User(actor) = scope.principal() else { return Failure::internal(error) };
    match error.audit_record(actor) {
        Some(record) if matches!(error, Error::QuotaExceeded { .. }) => {
            Failure::Quota(Box::new(record))
        }
        Some(record) => Failure::Refused(Box::new(record)),
        None => Failure::internal(error),
    }
}
