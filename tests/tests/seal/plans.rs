//! What the seal means for plans: once per statement, and parallel where PostgreSQL wants to.

use diesel_async::SimpleAsyncConnection;
use tenant_core::SqlSession;

use crate::fixture::{Shop, Wall};

/// Whether tenant 1's transaction, sealed, sees its rows under this plan.
const COUNTED: &str = "DO $$ DECLARE line text; plan text := ''; BEGIN
    SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
    SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL enable_indexscan = off;
    SET LOCAL enable_bitmapscan = off; SET LOCAL max_parallel_workers_per_gather = 2;
    FOR line IN EXECUTE 'EXPLAIN SELECT count(*) FROM orders WHERE v >= 0' LOOP
      plan := plan || line || E'\\n';
    END LOOP;
    ASSERT plan LIKE '%Parallel Seq Scan%', plan;
    ASSERT plan LIKE '%InitPlan%', plan;
    ASSERT (SELECT count(*) FROM orders WHERE v >= 0) = 5001, plan;
    END $$";

#[tokio::test]
async fn a_parallel_query_asks_for_the_tenant_once_and_in_the_leader() {
    let shop = Shop::open(Wall::Sealed).await;
    let rows =
        "INSERT INTO orders (tenant_id, v) SELECT 1 + n % 2, n FROM generate_series(1, 10000) n;
        ANALYZE orders";
    shop.database.session().batch(rows).await.unwrap();
    let pools = shop.pools().await;
    let mut tx = pools.hold(1).await;
    tx.raw_unchecked("test").batch_execute(COUNTED).await.unwrap();
}
