//! INSERT … SELECT hides its source, so it has to say that it is looked at when it runs.
//!
//! error: this kind of INSERT cannot be proven to stay within the tables of a `
//! help: .scanned()

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(shared: &mut SharedTransaction) {
    let rows = invoices::table.select((invoices::plan_id, invoices::amount));
    let insert = rows.insert_into(plans::table).into_columns((plans::id, plans::price));
    insert.execute(shared).await; //~ fail
    insert.scanned().execute(shared).await; //~ twin
}

fn main() {}
