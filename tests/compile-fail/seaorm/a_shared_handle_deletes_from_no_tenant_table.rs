//! A tenant's table by DELETE.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.exec(invoice::Entity::delete_many()).await; //~ fail
    shared.exec(plan::Entity::delete_many()).await; //~ twin
}

fn main() {}
