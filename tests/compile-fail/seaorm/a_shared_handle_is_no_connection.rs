//! A query that is run on the handle, instead of by it, would pass no gate.
//!
//! error: a shared handle is no database connection: it runs queries of shared tables only
//! help: shared.all(query)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(shared: &SharedTransaction) {
    plan::Entity::find().all(shared).await; //~ fail
    shared.all(plan::Entity::find()).await; //~ twin
}

fn main() {}
