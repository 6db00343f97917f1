//! A tenant's table as the second of two entities.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.all(plan::Entity::find().find_also_related(invoice::Entity)).await; //~ fail
    shared.all(plan::Entity::find().find_also_related(feature::Entity)).await; //~ twin
}

fn main() {}
