//! Only the registry makes a verified scope.
//!
//! error: field `state` of struct `tenant_diesel::TenantScope` is private

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

fn f(id: TenantId, state: Verified) {
    let scope: TenantScope<Verified> = TenantScope { state }; //~ fail
    let scope = TenantScope::claim(id, Principal::Token); //~ twin
}

fn main() {}
