//! A tenant's table by insert_many.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.exec(invoice::Entity::insert_many([invoice::ActiveModel { id: Set(1), ..Default::default() }])).await; //~ fail
    shared.exec(plan::Entity::insert_many([plan::ActiveModel { id: Set(1), ..Default::default() }])).await; //~ twin
}

fn main() {}
