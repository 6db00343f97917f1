//! A string made at run time is no constant.
//!
//! error: borrowed data escapes outside of function

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

fn f(sql: &str) {
    let query = tenant_diesel::sql_query(sql); //~ fail
    let query = tenant_diesel::sql_query("SELECT 1"); //~ twin
}

fn main() {}
