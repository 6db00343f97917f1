//! As sea-orm-cli writes them, without the columns whose types want features of SeaORM's.

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
