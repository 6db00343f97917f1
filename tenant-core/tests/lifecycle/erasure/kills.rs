//! The connection is cut at every step.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tenant_core::{AuditLog, Binding, Progress, Reporter, SealKey};

use super::world::{World, erasure};

/// Cuts the admin's connections when it has been told of so many steps.
fn cut_after(world: &World, steps: usize) -> (Reporter, Arc<AtomicUsize>) {
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let session = world.database.session().clone();
    let cut = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{}'",
        world.admin_role()
    );
    let reporter = Reporter::new(move |_: &Progress| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == steps {
            session.batch_blocking(&cut).unwrap();
        }
    });
    (reporter, told)
}

#[tokio::test]
async fn in_one_transaction_a_cut_connection_leaves_everything() {
    let world = World::with(5, Binding::SetConfig).await;
    let (rows, before) = (world.rows_of(7).await, world.checksums(7).await);
    for steps in 1..=9 {
        let (reporter, told) = cut_after(&world, steps);
        let cut = erasure(7).report(reporter).run(&world.admin(), "alice", "x").await;
        assert!(cut.is_err(), "after {steps}");
        assert!(told.load(Ordering::Relaxed) >= steps);
        assert_eq!((world.rows_of(7).await, world.checksums(7).await), (rows, before.clone()));
        assert_eq!(world.one("SELECT count(*) FROM tenancy.tombstones").await, "0");
    }
    let admin = world.admin();
    erasure(7).run(&admin, "alice", "x").await.unwrap();
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
    assert_eq!(AuditLog::new(&admin).verify(None).await.unwrap().id, 1);
}

#[tokio::test]
async fn in_chunks_it_goes_on_where_it_was_cut() {
    let world = World::with(5, Binding::SetConfig).await;
    let (rows, before) = (world.rows_of(7).await, world.checksums(7).await);
    let key = SealKey::new("receipts", vec![7; 32]).unwrap();
    // Cut anew in every run, each time somewhere else, until one comes through.
    let mut left = rows;
    for steps in (0..).map(|run| 1 + run % 5 + run / 2) {
        let (reporter, told) = cut_after(&world, steps);
        let run = erasure(7).in_chunks(2).sign_with(&key).report(reporter);
        let run = run.run(&world.admin(), "alice", "x").await;
        let now = world.rows_of(7).await;
        assert!(now <= left);
        assert_eq!(world.checksums(7).await, before);
        if let Ok(receipt) = run {
            assert!(told.load(Ordering::Relaxed) < steps);
            assert_eq!(now, 0);
            // It counts what the runs before it have deleted.
            assert_eq!(receipt.rows() + 1, rows);
            receipt.verify(&key).unwrap();
            break;
        }
        assert_eq!(world.one("SELECT count(*) FROM tenancy.tombstones").await, "0");
        assert_eq!(world.one("SELECT status FROM tenancy.tenants WHERE id = 7").await, "deleted");
        left = now;
    }
    let entries = AuditLog::new(&world.admin()).entries(0, 10).await.unwrap();
    assert_eq!(entries.len(), 2, "{entries:?}");
}
