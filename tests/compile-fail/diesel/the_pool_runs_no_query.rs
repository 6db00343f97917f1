//! The pool has no tenant, so no query runs on it.
//!
//! error: TenantDb` cannot run queries: it has no tenant
//! help: db.begin(&scope)
//! help: db.shared()

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(db: &mut TenantDb, tx: &mut TenantTransaction) -> QueryResult<i64> {
    invoices::table.count().get_result(db).await //~ fail
    invoices::table.count().get_result(tx).await //~ twin
}

fn main() {}
