//! A table that nobody declared.
//!
//! error: undeclared::table` cannot be reached from a `
//! help: tenancy!

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<Vec<i64>, Error> {
    let query = undeclared::table.count(); //~ fail
    let query = projects::table.count(); //~ twin
    db.read(scope, query).await
}

fn main() {}
