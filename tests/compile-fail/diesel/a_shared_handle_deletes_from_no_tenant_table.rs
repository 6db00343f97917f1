//! A tenant's table by DELETE.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    diesel::delete(invoices::table).execute(shared).await; //~ fail
    diesel::delete(plans::table).execute(shared).await; //~ twin
}

fn main() {}
