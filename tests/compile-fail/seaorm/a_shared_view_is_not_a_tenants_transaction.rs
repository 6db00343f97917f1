//! The shared view inside a tenant's transaction reaches shared tables only.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(tx: &TenantTransaction) {
    tx.shared().all(invoice::Entity::find()).await; //~ fail
    tx.shared().all(plan::Entity::find()).await; //~ twin
}

fn main() {}
