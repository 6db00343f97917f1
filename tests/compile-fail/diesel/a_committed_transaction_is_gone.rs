//! Nothing runs after the commit.
//!
//! error: use of moved value: `tx`
//! help: takes ownership of the receiver `self`

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(mut tx: TenantTransaction) -> Result<(), Error> {
    tx.commit().await?; //~ fail
    tx.tenant_id(); //~ twin
    tx.rollback().await
}

fn main() {}
