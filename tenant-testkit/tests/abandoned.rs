//! Alone in its process: it counts all databases of its run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn futures_dropped_at_any_point_leave_no_database_and_hold_nobody_up() {
    let witness = TestDatabase::create().await.unwrap();
    for step in 0..10 {
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(TestDatabase::create())).collect();
        sleep(Duration::from_millis(5 * step)).await;
        for task in tasks {
            task.abort();
        }
    }
    let run = witness.name().trim_end_matches(|c: char| c.is_ascii_digit());
    let ours = "SELECT 1 FROM pg_database WHERE starts_with(datname, $1)";
    let count = async || witness.session().rows(ours, &[run]).await.unwrap().len();
    timeout(SOON, async { while count().await > 1 {} }).await.unwrap();
    timeout(SOON, TestDatabase::create()).await.unwrap().unwrap();
}
