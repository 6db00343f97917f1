//! A tenant's table by the update of a model.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.update(invoice::ActiveModel { id: Set(1), ..Default::default() }).await; //~ fail
    shared.update(plan::ActiveModel { id: Set(1), ..Default::default() }).await; //~ twin
}

fn main() {}
