//! `.for_tenant(…)` with a handle that has no tenant.
//!
//! error: has no tenant
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction, shared: &SharedTransaction) {
    invoices::table.for_tenant(shared).count().get_result::<i64>(tx).await; //~ fail
    invoices::table.for_tenant(tx).count().get_result::<i64>(tx).await; //~ twin
}

fn main() {}
