//! A tenant's table by INSERT.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.insert(invoice::ActiveModel { plan_id: Set(1), ..Default::default() }).await; //~ fail
    shared.insert(plan::ActiveModel { name: Set("x".into()), ..Default::default() }).await; //~ twin
}

fn main() {}
