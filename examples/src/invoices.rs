//! What the services answer, and how it comes out of a row.

use std::time::{SystemTime, UNIX_EPOCH};

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::{diesel_schema, entity};

/// An invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invoice {
    /// Its number, of which the database has one series for all tenants.
    pub id: i32,
    /// Whose it is, within the tenant.
    pub customer: i32,
    /// The day.
    pub date: String,
    /// What is to be paid.
    pub total: String,
}

/// What it takes to write one.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewInvoice {
    /// Whose it is, within the tenant.
    pub customer: i32,
    /// What is to be paid.
    pub total: String,
}

/// All of a tenant's invoices.
#[derive(Debug, Serialize, Deserialize)]
pub struct Revenue {
    /// What they come to.
    pub sum: String,
    /// How many there are.
    pub invoices: i64,
}

impl From<entity::invoice::Model> for Invoice {
    fn from(row: entity::invoice::Model) -> Self {
        Self {
            id: row.invoice_id,
            customer: row.customer_id,
            date: row.invoice_date.date().to_string(),
            total: row.total.to_string(),
        }
    }
}

/// What Diesel selects.
pub const COLUMNS: (
    diesel_schema::invoice::invoice_id,
    diesel_schema::invoice::customer_id,
    diesel_schema::invoice::invoice_date,
    diesel_schema::invoice::total,
) = (
    diesel_schema::invoice::invoice_id,
    diesel_schema::invoice::customer_id,
    diesel_schema::invoice::invoice_date,
    diesel_schema::invoice::total,
);

/// The same as it comes back.
pub type Row = (i32, i32, NaiveDateTime, BigDecimal);

impl From<Row> for Invoice {
    fn from((id, customer, date, total): Row) -> Self {
        Self { id, customer, date: date.date().to_string(), total: total.to_string() }
    }
}

/// Now, as the shop writes an invoice's date.
pub fn today() -> NaiveDateTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs().try_into().unwrap_or(0));
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc()
}
