//! The service `invoices-api` under load: 50 connections, 24 tenants, reads and writes, clients that hang
//! up, a tenant that is suspended and one that is erased meanwhile. Every row of every answer is
//! looked up in what a superuser saw and what was written; afterwards the database is.
//!
//! The ordinary tests do that for some seconds. Longer, and with the throughput beside the same
//! service without isolation (`docs/figures.md`):
//! `cargo test --release -p tenant-examples --test load -- --ignored --nocapture`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod afterwards;
mod asking;
mod books;
mod cpu;
mod generator;
mod hang_up;
mod isolated;
mod meanwhile;
mod service;
mod standing;
mod throughput;
mod twins;

use std::time::Duration;

use service::Orm;

/// On a machine that does other things, too.
const PATIENT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_foreign_row_no_lost_write_no_leaked_connection_through_seaorm() {
    isolated::stand(Orm::SeaOrm, 1_500, PATIENT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_foreign_row_no_lost_write_no_leaked_connection_through_diesel() {
    isolated::stand(Orm::Diesel, 1_500, PATIENT).await;
}

/// One test, so that nothing of ours runs beside what is measured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "heavy: cargo test --release -p tenant-examples --test load -- --ignored --nocapture"]
async fn a_long_load_and_its_throughput_beside_the_service_without_isolation() {
    for orm in [Orm::SeaOrm, Orm::Diesel] {
        isolated::stand(orm, 100_000, Duration::from_secs(1)).await;
    }
    throughput::measure().await;
}
