//! `.for_tenant(&tx)` on a join of tables that all tenants share.
//!
//! error: this query reads no tenant's table, so there is no tenant to name
//! help: row security narrows

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction) {
    features::table.inner_join(plans::table).select(plans::id).for_tenant(tx).load::<i32>(tx).await; //~ fail
    invoices::table.inner_join(plans::table).select(plans::id).for_tenant(tx).load::<i32>(tx).await; //~ twin
}

fn main() {}
