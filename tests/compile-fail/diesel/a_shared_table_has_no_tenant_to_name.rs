//! `.for_tenant(&tx)` on a table that all tenants share.
//!
//! error: is for a tenant's table, and this query is on `
//! help: under `tenant {

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction) {
    plans::table.for_tenant(tx).count().get_result::<i64>(tx).await; //~ fail
    invoices::table.for_tenant(tx).count().get_result::<i64>(tx).await; //~ twin
}

fn main() {}
