//! A tenant's table by save_changes.
//!
//! error: table` cannot be reached from a `
//! help: db.begin(&scope)

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

#[derive(Queryable, Identifiable, AsChangeset)]
#[diesel(table_name = projects)]
struct Project {
    id: i64,
    name: String,
}

#[derive(Queryable, Identifiable, AsChangeset)]
#[diesel(table_name = features)]
struct Feature {
    id: i32,
    plan_id: i32,
    code: String,
}

async fn f(shared: &mut SharedTransaction) {
    (&Project { id: 1, name: "x".into() }).save_changes::<Project>(shared).await; //~ fail
    (&Feature { id: 1, plan_id: 1, code: "x".into() }).save_changes::<Feature>(shared).await; //~ twin
}

fn main() {}
