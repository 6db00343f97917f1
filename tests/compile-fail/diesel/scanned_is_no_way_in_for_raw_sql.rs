//! `.scanned()` is for shapes whose root the types still see.
//!
//! error: this query cannot be proven to stay within the tables of a `
//! help: raw_unchecked

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    diesel::sql_query("SELECT 1").scanned().execute(shared).await; //~ fail
    diesel::insert_into(plans::table).values(plans::name.eq("x")).on_conflict_do_nothing().scanned().execute(shared).await; //~ twin
}

fn main() {}
