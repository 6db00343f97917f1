//! What the seal means for plans: once per statement, and parallel where PostgreSQL wants to.

use diesel_async::SimpleAsyncConnection;
use tenant_core::SqlSession;

use crate::fixture::{SEALED, Shop, Wall};

/// Whether tenant 1 sees its 5001 rows by this query, in parallel, and by a plan that is like this.
async fn is_parallel(wall: Wall, query: &str, like: &str) {
    let shop = Shop::open(wall).await;
    let rows =
        "INSERT INTO orders (tenant_id, v) SELECT 1 + n % 2, n FROM generate_series(1, 10000) n;
        ANALYZE orders";
    shop.database.session().batch(rows).await.unwrap();
    let counted = format!(
        "DO $$ DECLARE line text; plan text := ''; BEGIN
        SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
        SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL enable_indexscan = off;
        SET LOCAL enable_bitmapscan = off; SET LOCAL max_parallel_workers_per_gather = 2;
        FOR line IN EXECUTE 'EXPLAIN {query}' LOOP
          plan := plan || line || E'\\n';
        END LOOP;
        ASSERT plan LIKE '%Parallel Seq Scan%', plan;
        ASSERT plan LIKE '{like}', plan;
        ASSERT ({query}) = 5001, plan;
        END $$"
    );
    let pools = shop.pools().await;
    let mut tx = pools.hold(1).await;
    tx.raw_unchecked("test").batch_execute(&counted).await.unwrap();
}

#[tokio::test]
async fn a_parallel_query_asks_for_the_tenant_once_and_in_the_leader() {
    for wall in SEALED {
        is_parallel(wall, "SELECT count(*) FROM orders WHERE v >= 0", "%InitPlan%").await;
    }
}

/// They have the transaction's parameters, and a signature is over the leader's process.
#[tokio::test]
async fn where_the_server_keeps_what_was_opened_workers_may_ask_themselves() {
    let query = "SELECT count(*) FROM orders WHERE tenancy.current_tenant() + v > 0";
    is_parallel(Wall::Guarded, query, "%Parallel Seq Scan%Filter:%backtrace_functions%").await;
}
