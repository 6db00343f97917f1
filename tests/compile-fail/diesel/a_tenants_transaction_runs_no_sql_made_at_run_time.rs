//! Raw SQL is a constant, or says why it is not.
//!
//! error: this query cannot be proven to stay within the tables of a `
//! help: sql_query
//! help: raw_unchecked

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction, name: &str) {
    diesel::sql_query(format!("SELECT '{name}'")).execute(tx).await; //~ fail
    tenant_diesel::sql_query("SELECT $1").bind::<diesel::sql_types::Text, _>(name).execute(tx).await; //~ twin
}

fn main() {}
