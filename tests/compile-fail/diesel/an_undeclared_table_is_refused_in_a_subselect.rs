//! A table that nobody declared, in a subselect. Here the words are Diesel's: no mode reaches the
//! table, so rustc gives up one step earlier.
//!
//! error: AppearsInFromClause<
//! help: shop::schema::undeclared::table

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

use diesel::dsl::exists;

async fn f(tx: &mut TenantTransaction) {
    projects::table.filter(exists(undeclared::table.select(undeclared::id))).count().get_result::<i64>(tx).await; //~ fail
    projects::table.filter(exists(invoices::table.select(invoices::id))).count().get_result::<i64>(tx).await; //~ twin
}

fn main() {}
