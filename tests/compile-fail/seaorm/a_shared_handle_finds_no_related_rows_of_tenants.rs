//! A tenant's table by find_related.
//!
//! error: so it cannot be used on a shared handle
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction, plan: plan::Model) {
    shared.all(plan.find_related(invoice::Entity)).await; //~ fail
    shared.all(plan.find_related(feature::Entity)).await; //~ twin
}

fn main() {}
