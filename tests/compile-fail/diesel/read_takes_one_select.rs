//! What writes is no read, whatever it returns.
//!
//! error: `read` takes one `SELECT`
//! help: db.begin_deferred(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<Vec<i64>, Error> {
    let query = diesel::insert_into(projects::table).values(projects::name.eq("x")).returning(projects::id); //~ fail
    let query = projects::table.filter(projects::name.eq("x")).select(projects::id); //~ twin
    db.read(scope, query).await
}

fn main() {}
