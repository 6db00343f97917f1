//! `.for_tenant(&tx)` on a table that all tenants share.
//!
//! error: is not declared as a tenant's table
//! help: under `tenant`

#![allow(unused)]

use sea_orm::{entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(tx: &TenantTransaction) {
    plan::Entity::find().for_tenant(tx).all(tx).await; //~ fail
    invoice::Entity::find().for_tenant(tx).all(tx).await; //~ twin
}

fn main() {}
