//! What arrives in a payload is a claim.
//!
//! error: a verified scope cannot be serialised or deserialised
//! help: verify it where it arrives

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

fn f(payload: &str) -> serde_json::Result<()> {
    let scope: TenantScope<Verified> = serde_json::from_str(payload)?; //~ fail
    let scope: TenantScope<Unverified> = serde_json::from_str(payload)?; //~ twin
    Ok(())
}

fn main() {}
