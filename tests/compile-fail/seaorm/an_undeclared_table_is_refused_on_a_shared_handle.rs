//! A table that nobody declared.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.all(undeclared::Entity::find()).await; //~ fail
    shared.all(plan::Entity::find()).await; //~ twin
}

fn main() {}
