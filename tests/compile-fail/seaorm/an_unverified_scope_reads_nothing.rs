//! A claim reads nothing before the registry has confirmed it.
//!
//! error: this tenant scope has not been verified
//! help: scope.verify(&registry).await?

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

async fn f(db: &TenantDb, registry: &StaticRegistry, claim: TenantScope<Unverified>) -> Result<(), Box<dyn std::error::Error>> {
    let scope = claim; //~ fail
    let scope = claim.verify(registry).await?; //~ twin
    let rows = db.read(&scope, invoice::Entity::find()).await?;
    Ok(())
}

fn main() {}
