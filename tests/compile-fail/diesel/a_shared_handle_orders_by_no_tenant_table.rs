//! A tenant's table by ORDER BY.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(shared: &mut SharedTransaction) {
    plans::table.order(exists(invoices::table.select(invoices::id)).asc()).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.order(exists(features::table.select(features::id)).asc()).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
