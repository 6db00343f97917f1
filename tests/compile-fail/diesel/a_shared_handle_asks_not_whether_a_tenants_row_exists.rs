//! A tenant's table by EXISTS.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(shared: &mut SharedTransaction) {
    plans::table.filter(exists(invoices::table.filter(invoices::plan_id.eq(plans::id)))).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.filter(exists(features::table.filter(features::plan_id.eq(plans::id)))).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
