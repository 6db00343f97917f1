//! A table that nobody declared.
//!
//! error: the table of `shop::undeclared::Entity` is not declared
//! help: tenancy!

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<(), Error> {
    db.read(scope, undeclared::Entity::find()).await?; //~ fail
    db.read(scope, invoice::Entity::find()).await?; //~ twin
    Ok(())
}

fn main() {}
