//! A tenant's table by UNION.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    plans::table.select(plans::id).union(invoices::table.select(invoices::plan_id)).gated().load::<i32>(shared).await; //~ fail
    plans::table.select(plans::id).union(features::table.select(features::plan_id)).gated().load::<i32>(shared).await; //~ twin
}

fn main() {}
