//! A tenant's table by SELECT of one row.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.one(invoice::Entity::find_by_id(1)).await; //~ fail
    shared.one(plan::Entity::find_by_id(1)).await; //~ twin
}

fn main() {}
