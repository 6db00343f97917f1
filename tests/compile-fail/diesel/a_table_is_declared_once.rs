//! A table twice in one group.
//!
//! error: conflicting implementations of trait `tenant_diesel::__private::DeclaredOnce` for type `plans::table`

#![allow(unused)]

use diesel::prelude::*;

mod schema {
    diesel::table! { plans (id) { id -> Int4, } }
    diesel::table! { invoices (id) { id -> Int4, } }
}

tenant_diesel::tenancy! {
    pub static TENANCY;
    tenant { schema::invoices }
    shared { schema::plans, schema::plans } //~ fail
    shared { schema::plans } //~ twin
}

fn main() {}
