//! A nested transaction takes no scope.
//!
//! error: this method takes 0 arguments but 1 argument was supplied

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

use sea_orm::TransactionTrait;

async fn f(tx: &TenantTransaction, other: TenantScope<Verified>) {
    tx.begin(&other).await; //~ fail
    tx.begin().await; //~ twin
}

fn main() {}
