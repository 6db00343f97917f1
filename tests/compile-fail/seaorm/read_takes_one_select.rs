//! What writes is no read, whatever it returns.
//!
//! error: `read` takes one `SELECT`
//! help: db.begin(&scope)

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<(), Error> {
    let query = invoice::Entity::delete_many(); //~ fail
    let query = invoice::Entity::find(); //~ twin
    db.read(scope, query).await?;
    Ok(())
}

fn main() {}
