//! The pool has no tenant, so no query runs on it.
//!
//! error: `TenantDb` has no tenant, so it runs no queries
//! help: db.begin(&scope)
//! help: db.shared()

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(db: &TenantDb, tx: &TenantTransaction) {
    invoice::Entity::find().all(db).await; //~ fail
    invoice::Entity::find().all(tx).await; //~ twin
}

fn main() {}
