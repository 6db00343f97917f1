//! Nor is anything written to it.
//!
//! error: `TenantDb` has no tenant, so it runs no queries
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(db: &TenantDb, tx: &TenantTransaction) {
    let model = invoice::ActiveModel { plan_id: Set(1), ..Default::default() };
    model.insert(db).await; //~ fail
    model.insert(tx).await; //~ twin
}

fn main() {}
