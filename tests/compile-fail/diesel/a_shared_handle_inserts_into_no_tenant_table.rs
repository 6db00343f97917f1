//! A tenant's table by INSERT.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    diesel::insert_into(projects::table).values(projects::name.eq("x")).execute(shared).await; //~ fail
    diesel::insert_into(plans::table).values(plans::name.eq("x")).execute(shared).await; //~ twin
}

fn main() {}
