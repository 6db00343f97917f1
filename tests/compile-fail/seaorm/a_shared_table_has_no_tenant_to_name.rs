//! `.for_tenant(&tx)` on a table that all tenants share.
//!
//! error: type mismatch resolving
//! help: OfTenants

#![allow(unused)]

use sea_orm::{entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(tx: &TenantTransaction) {
    plan::Entity::find().for_tenant(tx).all(tx).await; //~ fail
    invoice::Entity::find().for_tenant(tx).all(tx).await; //~ twin
}

fn main() {}
