//! A table that nobody declared.
//!
//! error: undeclared::table` cannot be reached from a `
//! help: tenancy!

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction) {
    undeclared::table.count().get_result::<i64>(tx).await; //~ fail
    projects::table.count().get_result::<i64>(tx).await; //~ twin
}

fn main() {}
