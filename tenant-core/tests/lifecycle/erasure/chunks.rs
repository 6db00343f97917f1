use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tenant_core::{
    AuditLog, Principal, Progress, Reporter, SqlRegistry, TenantId, TenantKey, TenantScope,
    VerifyError,
};

use super::world::{World, erasure};

#[tokio::test]
async fn in_chunks_it_comes_to_the_same_end() {
    let world = World::open().await;
    let admin = world.admin();
    let (before, rows) = (world.checksums(7).await, world.rows_of(7).await);
    let plan = erasure(7).in_chunks(7).plan(&admin).await.unwrap();
    // What cannot be opened is erased as a whole: nothing of the cycle, nor of the chain, is nullable.
    let whole: Vec<_> = plan.tables.iter().filter(|t| t.whole).map(|t| t.table.as_str()).collect();
    assert_eq!(whole.len(), 3, "{plan}");
    let chunks = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&chunks);
    let reporter = Reporter::new(move |_: &Progress| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let receipt = erasure(7).in_chunks(7).report(reporter).run(&admin, "alice", "x").await.unwrap();
    assert!(chunks.load(Ordering::Relaxed) > 25, "{chunks:?}");
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
    assert_eq!(receipt.rows() + 1, rows);
    let entries = AuditLog::new(&admin).entries(0, 10).await.unwrap();
    let events: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["changed", "erased"]);
}

#[tokio::test]
async fn while_it_is_erased_nobody_opens_it() {
    let world = World::open().await;
    let session = world.database.session().clone();
    let seen = Reporter::new(move |_: &Progress| {
        let sql = "SELECT status FROM tenancy.tenants WHERE id = 7";
        let status = session.rows_blocking(sql, &[]).unwrap();
        // In the end, in its last transaction, the row is still there for others.
        assert!(status.iter().all(|row| row["status"] == "deleted"), "{status:?}");
    });
    let stop = erasure(7).in_chunks(5).report(seen);
    stop.run(&world.admin(), "alice", "x").await.unwrap();
    let role = format!("{}_registry", world.database.name());
    let registry = SqlRegistry::new(world.database.session_as(&role)).key(TenantKey::Bigint);
    let claim = TenantScope::claim(TenantId::from(7), Principal::System("test".into()));
    assert!(matches!(claim.verify(&registry).await, Err(VerifyError::Unknown(_))));
}

#[tokio::test]
async fn a_cycle_that_a_check_keeps_closed_is_erased_as_a_whole() {
    let world = World::open().await;
    world.run("ALTER TABLE customers ADD CHECK (id % 1000 = 1 OR referrer IS NOT NULL)").await;
    let before = world.checksums(7).await;
    erasure(7).in_chunks(3).run(&world.admin(), "alice", "x").await.unwrap();
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
}

#[tokio::test]
async fn two_that_erase_the_same_tenant_at_once_leave_it_erased() {
    let world = World::open().await;
    let (before, rows) = (world.checksums(7).await, world.rows_of(7).await);
    let (one, two) = (world.admin(), world.admin());
    let (first, second) = (erasure(7).in_chunks(3), erasure(7).in_chunks(3));
    let (first, second) =
        futures_util::future::join(first.run(&one, "a", "x"), second.run(&two, "b", "x")).await;
    let receipts: Vec<_> = [first, second].into_iter().flatten().collect();
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(receipts[0].rows() + 1, rows);
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
}
