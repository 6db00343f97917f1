//! Only the registry makes a verified scope.
//!
//! error: field `state` of struct `tenant_seaorm::TenantScope` is private

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

fn f(id: TenantId, state: Verified) {
    let scope: TenantScope<Verified> = TenantScope { state }; //~ fail
    let scope = TenantScope::claim(id, Principal::Token); //~ twin
}

fn main() {}
