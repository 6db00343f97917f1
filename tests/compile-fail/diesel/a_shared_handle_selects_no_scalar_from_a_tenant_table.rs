//! A tenant's table by a scalar subselect.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    plans::table.select(invoices::table.select(invoices::amount).single_value()).load::<Option<i32>>(shared).await; //~ fail
    plans::table.select(features::table.select(features::id).single_value()).load::<Option<i32>>(shared).await; //~ twin
}

fn main() {}
