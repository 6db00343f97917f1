//! A tenant's table by RETURNING.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(shared: &mut SharedTransaction) {
    diesel::delete(plans::table).returning(exists(invoices::table.select(invoices::id))).get_result::<bool>(shared).await; //~ fail
    diesel::delete(plans::table).returning(exists(features::table.select(features::id))).get_result::<bool>(shared).await; //~ twin
}

fn main() {}
