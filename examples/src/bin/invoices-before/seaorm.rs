//! The shop's invoices in SeaORM.

use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Database, DatabaseConnection, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, TransactionTrait, prelude::Decimal,
};
use tenant_examples::{
    entity::{customer, invoice},
    invoices::{Invoice, NewInvoice, Revenue, today},
};
use uuid::Uuid;

use crate::{Invoices, Result};

pub(crate) struct Shop {
    db: DatabaseConnection,
    forget: bool,
}

impl Shop {
    /// With SeaORM's own settings: ten connections.
    pub(crate) async fn connect(url: &str, forget: bool) -> Result<Self> {
        Ok(Self { db: Database::connect(url).await?, forget })
    }
}

#[async_trait]
impl Invoices for Shop {
    async fn list(&self, tenant: Uuid, limit: u32) -> Result<Vec<Invoice>> {
        let tx = self.db.begin().await?;
        let mut latest = invoice::Entity::find();
        if !self.forget {
            latest = latest.filter(invoice::Column::TenantId.eq(tenant));
        }
        let latest = latest.order_by_desc(invoice::Column::InvoiceId).limit(u64::from(limit));
        let rows = latest.all(&tx).await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn get(&self, tenant: Uuid, id: i32) -> Result<Option<Invoice>> {
        let tx = self.db.begin().await?;
        let one = invoice::Entity::find_by_id(id).filter(invoice::Column::TenantId.eq(tenant));
        let found = one.one(&tx).await?;
        tx.commit().await?;
        Ok(found.map(Into::into))
    }

    async fn create(&self, tenant: Uuid, new: NewInvoice) -> Result<Invoice> {
        let row = invoice::ActiveModel {
            tenant_id: Set(tenant),
            customer_id: Set(new.customer),
            invoice_date: Set(today()),
            total: Set(new.total.parse()?),
            ..Default::default()
        };
        let tx = self.db.begin().await?;
        let row = row.insert(&tx).await?;
        tx.commit().await?;
        Ok(row.into())
    }

    async fn revenue(&self, tenant: Uuid) -> Result<Revenue> {
        let tx = self.db.begin().await?;
        let row: Option<(Option<Decimal>, i64)> = invoice::Entity::find()
            .filter(invoice::Column::TenantId.eq(tenant))
            .select_only()
            .column_as(invoice::Column::Total.sum(), "sum")
            .column_as(invoice::Column::InvoiceId.count(), "count")
            .into_tuple()
            .one(&tx)
            .await?;
        tx.commit().await?;
        let (sum, invoices) = row.unwrap_or_default();
        Ok(Revenue { sum: sum.unwrap_or_default().to_string(), invoices })
    }

    async fn users(&self) -> Result<Vec<(String, String, Uuid)>> {
        let columns =
            [customer::Column::Email, customer::Column::LastName, customer::Column::TenantId];
        let users = customer::Entity::find().select_only().columns(columns);
        Ok(users.into_tuple().all(&self.db).await?)
    }
}
