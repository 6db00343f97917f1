//! A supertrait's methods can be called through a bound, even where it cannot be named; these take a
//! key that nobody else has.
//!
//! error: this method takes 1 argument but 0 arguments were supplied

#![allow(unused)]

use shop::schema::*;
use tenant_diesel::*;
use tenant_diesel::prelude::*;

fn steal<H: Handle>(handle: &mut H) {
    let connection = handle.admit_changes(); //~ fail
    let connection = handle; //~ twin
}

fn main() {}
