//! Nor does a claim open a transaction whose `BEGIN` is still to be sent.
//!
//! error: this tenant scope has not been verified
//! help: scope.verify(&registry).await?

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

async fn f(db: &TenantDb, registry: &StaticRegistry, claim: TenantScope<Unverified>) -> Result<(), Box<dyn std::error::Error>> {
    let scope = claim; //~ fail
    let scope = claim.verify(registry).await?; //~ twin
    let tx = db.begin_deferred(&scope).await?;
    Ok(())
}

fn main() {}
