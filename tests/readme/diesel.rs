//! What the README's Diesel snippets take for granted.

#![allow(unused)]

mod schema {
    diesel::table! { invoices (id) { id -> Int8, total -> Int4, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
}

fn main() {}
