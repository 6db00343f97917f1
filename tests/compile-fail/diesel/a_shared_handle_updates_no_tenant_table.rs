//! A tenant's table by UPDATE.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    diesel::update(invoices::table).set(invoices::amount.eq(1)).execute(shared).await; //~ fail
    diesel::update(plans::table).set(plans::price.eq(1)).execute(shared).await; //~ twin
}

fn main() {}
