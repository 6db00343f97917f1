//! A tenant's table in the WHERE of an UPDATE. Here the words are Diesel's: the clause is looked at
//! in shared mode alone, so that boxed statements run in a tenant's transaction as they are.
//!
//! error: AppearsInFromClause<
//! help: shop::schema::invoices::table

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(shared: &mut SharedTransaction) {
    diesel::update(plans::table.filter(exists(invoices::table.select(invoices::id)))).set(plans::price.eq(1)).execute(shared).await; //~ fail
    diesel::update(plans::table.filter(exists(features::table.select(features::id)))).set(plans::price.eq(1)).execute(shared).await; //~ twin
}

fn main() {}
