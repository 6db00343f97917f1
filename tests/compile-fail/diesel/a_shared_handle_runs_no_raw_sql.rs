//! Raw SQL hides its tables.
//!
//! error: this query cannot be proven to stay within the tables of a `
//! help: raw_unchecked

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    diesel::sql_query("SELECT * FROM invoices").execute(shared).await; //~ fail
    diesel_async::RunQueryDsl::execute(diesel::sql_query("SELECT 1"), &mut shared.raw_unchecked("a reason")).await; //~ twin
}

fn main() {}
