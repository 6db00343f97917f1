//! A tenant's table by an alias.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

diesel::alias!(invoices as i2: I2, features as f2: F2);

async fn f(shared: &mut SharedTransaction) {
    plans::table.inner_join(i2.on(i2.field(invoices::plan_id).eq(plans::id))).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.inner_join(f2.on(f2.field(features::plan_id).eq(plans::id))).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
