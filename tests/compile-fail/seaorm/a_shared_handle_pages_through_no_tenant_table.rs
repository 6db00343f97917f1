//! A tenant's table by a page.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.query(invoice::Entity::find()).unwrap().paginate(10); //~ fail
    shared.query(plan::Entity::find()).unwrap().paginate(10); //~ twin
}

fn main() {}
