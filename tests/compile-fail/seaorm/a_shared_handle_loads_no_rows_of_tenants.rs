//! A tenant's table by a loader.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction, plans: Vec<plan::Model>) {
    shared.load_many(&plans, invoice::Entity::find()).await; //~ fail
    shared.load_many(&plans, feature::Entity::find()).await; //~ twin
}

fn main() {}
