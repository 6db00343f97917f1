//! A tenant's table by JOIN.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    plans::table.inner_join(invoices::table).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.inner_join(features::table).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
