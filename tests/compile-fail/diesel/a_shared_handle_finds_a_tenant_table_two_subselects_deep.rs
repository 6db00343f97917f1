//! A tenant's table by a subselect in a subselect.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

diesel::alias!(plans as p2: P2);

async fn f(shared: &mut SharedTransaction) {
    plans::table.filter(plans::id.eq_any(features::table.filter(features::plan_id.eq_any(invoices::table.select(invoices::plan_id))).select(features::plan_id))).select(plans::id).load::<i32>(shared).await; //~ fail
    plans::table.filter(plans::id.eq_any(features::table.filter(features::plan_id.eq_any(p2.select(p2.field(plans::id)))).select(features::plan_id))).select(plans::id).load::<i32>(shared).await; //~ twin
}

fn main() {}
