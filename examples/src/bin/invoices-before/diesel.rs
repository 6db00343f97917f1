//! The shop's invoices in Diesel.

use async_trait::async_trait;
use bigdecimal::BigDecimal;
use diesel::{
    dsl::{count_star, sum},
    prelude::*,
};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Pool},
};
use tenant_examples::{
    diesel_schema::{customer, invoice},
    invoices::{COLUMNS, Invoice, NewInvoice, Revenue, Row, today},
};
use uuid::Uuid;

use crate::{Invoices, Result};

/// As many as SeaORM has.
const CONNECTIONS: usize = 10;

pub(crate) struct Shop {
    pool: Pool<AsyncPgConnection>,
    forget: bool,
}

impl Shop {
    pub(crate) async fn connect(url: &str, forget: bool) -> Result<Self> {
        let manager = AsyncDieselConnectionManager::new(url);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
        drop(pool.get().await?);
        Ok(Self { pool, forget })
    }
}

#[async_trait]
impl Invoices for Shop {
    async fn list(&self, tenant: Uuid, limit: u32) -> Result<Vec<Invoice>> {
        let mut connection = self.pool.get().await?;
        let mut latest = invoice::table.select(COLUMNS).into_boxed();
        if !self.forget {
            latest = latest.filter(invoice::tenant_id.eq(tenant));
        }
        let latest = latest.order(invoice::invoice_id.desc()).limit(i64::from(limit));
        let rows: Vec<Row> = connection.transaction(async |tx| latest.load(tx).await).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn get(&self, tenant: Uuid, id: i32) -> Result<Option<Invoice>> {
        let mut connection = self.pool.get().await?;
        let one = invoice::table.filter(invoice::invoice_id.eq(id));
        let one = one.filter(invoice::tenant_id.eq(tenant)).select(COLUMNS);
        let found: Option<Row> =
            connection.transaction(async |tx| one.get_result(tx).await.optional()).await?;
        Ok(found.map(Into::into))
    }

    async fn create(&self, tenant: Uuid, new: NewInvoice) -> Result<Invoice> {
        let new = diesel::insert_into(invoice::table).values((
            invoice::tenant_id.eq(tenant),
            invoice::customer_id.eq(new.customer),
            invoice::invoice_date.eq(today()),
            invoice::total.eq(new.total.parse::<BigDecimal>()?),
        ));
        let new = new.returning(COLUMNS);
        let mut connection = self.pool.get().await?;
        let row: Row = connection.transaction(async |tx| new.get_result(tx).await).await?;
        Ok(row.into())
    }

    async fn revenue(&self, tenant: Uuid) -> Result<Revenue> {
        let mut connection = self.pool.get().await?;
        let own = invoice::table.filter(invoice::tenant_id.eq(tenant));
        let own = own.select((sum(invoice::total), count_star()));
        let (sum, invoices): (Option<BigDecimal>, i64) =
            connection.transaction(async |tx| own.get_result(tx).await).await?;
        Ok(Revenue { sum: sum.unwrap_or_default().to_string(), invoices })
    }

    async fn users(&self) -> Result<Vec<(String, String, Uuid)>> {
        let mut connection = self.pool.get().await?;
        let users =
            customer::table.select((customer::email, customer::last_name, customer::tenant_id));
        Ok(users.load(&mut connection).await?)
    }
}
