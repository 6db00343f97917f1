//! A nested transaction takes no scope.
//!
//! error: a transaction runs an async closure that takes the transaction, and this is none
//! help: its tenant is its parent's and cannot be changed

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(tx: &mut TenantTransaction, other: TenantScope<Verified>) -> QueryResult<()> {
    tx.transaction(&other, async |tx: &mut TenantTransaction| -> QueryResult<()> { Ok(()) }).await //~ fail
    tx.transaction(async |tx: &mut TenantTransaction| -> QueryResult<()> { Ok(()) }).await //~ twin
}

fn main() {}
