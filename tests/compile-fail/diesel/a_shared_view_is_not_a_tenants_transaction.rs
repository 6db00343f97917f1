//! The shared view inside a tenant's transaction reaches shared tables only.
//!
//! error: table` cannot be reached from a `

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction) {
    invoices::table.count().get_result::<i64>(&mut tx.shared()).await; //~ fail
    plans::table.count().get_result::<i64>(&mut tx.shared()).await; //~ twin
}

fn main() {}
