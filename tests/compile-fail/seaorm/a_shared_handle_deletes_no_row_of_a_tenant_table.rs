//! A tenant's table by the deletion of a model.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    shared.delete(invoice::ActiveModel { id: Set(1), ..Default::default() }).await; //~ fail
    shared.delete(plan::ActiveModel { id: Set(1), ..Default::default() }).await; //~ twin
}

fn main() {}
