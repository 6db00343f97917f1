//! The shop's invoices in Diesel.

use async_trait::async_trait;
use bigdecimal::BigDecimal;
use diesel::{
    dsl::{count_star, sum},
    result::{DatabaseErrorKind, Error as DieselError},
};
use tenant_diesel::{Error, Principal, TenantDb, prelude::*};
use tenant_examples::{
    diesel_schema::{TENANCY, invoice, report},
    invoices::{COLUMNS, Invoice, NewInvoice, Revenue, Row, today},
};

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
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let latest = invoice::table.select(COLUMNS).order(invoice::invoice_id.desc());
        let rows: Vec<Row> =
            latest.limit(i64::from(limit)).load(&mut tx).await.map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn get(&self, scope: &Scope, id: i32) -> Answer<Option<Invoice>> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let one = invoice::table.filter(invoice::invoice_id.eq(id)).select(COLUMNS);
        let found: Option<Row> =
            one.get_result(&mut tx).await.optional().map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(found.map(Into::into))
    }

    async fn create(&self, scope: &Scope, new: NewInvoice) -> Answer<Invoice> {
        let total = new.total.parse::<BigDecimal>();
        let total = total.map_err(|_| Failure::Invalid("No such total"))?;
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let row: Row = diesel::insert_into(invoice::table)
            .values((
                invoice::customer_id.eq(new.customer),
                invoice::invoice_date.eq(today()),
                invoice::total.eq(total),
            ))
            .returning(COLUMNS)
            .get_result(&mut tx)
            .await
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(row.into())
    }

    async fn revenue(&self, scope: &Scope) -> Answer<Revenue> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let (sum, invoices): (Option<BigDecimal>, i64) = invoice::table
            .select((sum(invoice::total), count_star()))
            .get_result(&mut tx)
            .await
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(Revenue { sum: sum.unwrap_or_default().to_string(), invoices })
    }

    async fn order_report(&self, scope: &Scope) -> Answer<i32> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let id = diesel::insert_into(report::table)
            .values(report::status.eq("queued"))
            .returning(report::report_id)
            .get_result(&mut tx)
            .await
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(id)
    }

    async fn write_report(&self, scope: &Scope, id: i32, text: String) -> Answer<()> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        diesel::update(report::table.filter(report::report_id.eq(id)))
            .set((report::status.eq("done"), report::result.eq(text)))
            .execute(&mut tx)
            .await
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))
    }

    async fn report(&self, scope: &Scope, id: i32) -> Answer<Option<Report>> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        let one = report::table.filter(report::report_id.eq(id));
        let found: Option<(String, Option<String>)> = one
            .select((report::status, report::result))
            .get_result(&mut tx)
            .await
            .optional()
            .map_err(|e| refused(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))?;
        Ok(found.map(|(status, result)| Report { id, status, result }))
    }

    async fn use_export(&self, scope: &Scope) -> Answer<()> {
        let mut tx = self.db.begin(scope).await.map_err(|e| failed(scope, e))?;
        tx.use_quota(&exports(), 1).await.map_err(|e| failed(scope, e))?;
        tx.commit().await.map_err(|e| failed(scope, e))
    }
}

fn refused(scope: &Scope, error: DieselError) -> Failure {
    // A customer of another tenant is none: the foreign key has the tenant in it.
    if let DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) = error {
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
