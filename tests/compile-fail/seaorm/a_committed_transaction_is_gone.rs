//! Nothing runs after the commit.
//!
//! error: use of moved value: `tx`
//! help: takes ownership of the receiver `self`

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(tx: TenantTransaction) -> Result<(), Error> {
    tx.commit().await?; //~ fail
    tx.tenant_id(); //~ twin
    tx.rollback().await
}

fn main() {}
