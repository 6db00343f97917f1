//! Nor can its state be taken out of it and put to other uses.
//!
//! error: field `state` of struct `tenant_diesel::TenantScope` is private

#![allow(unused)]

use tenant_diesel::*;

fn f(scope: TenantScope<Verified>) {
    let state = scope.state; //~ fail
    let record = scope.record(); //~ twin
}

fn main() {}
