//! A tenant's table by SELECT.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    invoices::table.count().get_result::<i64>(shared).await; //~ fail
    plans::table.count().get_result::<i64>(shared).await; //~ twin
}

fn main() {}
