//! A tenant's table by UPDATE.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.exec(invoice::Entity::update_many()).await; //~ fail
    shared.exec(plan::Entity::update_many()).await; //~ twin
}

fn main() {}
