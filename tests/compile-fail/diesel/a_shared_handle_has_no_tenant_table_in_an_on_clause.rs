//! A tenant's table in the ON of a join.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(shared: &mut SharedTransaction) {
    plans::table.inner_join(features::table.on(features::plan_id.eq(plans::id).and(exists(invoices::table.select(invoices::id))))).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.inner_join(features::table.on(features::plan_id.eq(plans::id))).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
