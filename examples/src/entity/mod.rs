//! The tables as SeaORM entities, and their declaration.

#![allow(missing_docs)]

pub mod album;
pub mod artist;
pub mod customer;
pub mod employee;
pub mod genre;
pub mod invoice;
pub mod invoice_line;
pub mod job;
pub mod media_type;
pub mod report;
pub mod track;

tenant_seaorm::tenancy! {
    /// Which tables of the shop belong to tenants.
    pub static TENANCY;
    tenant { customer, invoice, invoice_line, report }
    shared { artist, album, genre, media_type, track, employee, job }
}
