//! What a constant does, its type does not say.
//!
//! error: `read` takes one `SELECT`
//! help: its type hides what it does

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<Vec<i64>, Error> {
    let query = sql_query("DELETE FROM projects"); //~ fail
    let query = projects::table.select(projects::id); //~ twin
    db.read(scope, query).await
}

fn main() {}
