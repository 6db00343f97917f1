//! Limits ride along with `BEGIN`, also those of a tenant's plan.

use std::time::Duration;

use tenant_core::{
    Isolation, Layout, Limits, Principal, StaticRegistry, Tenancy, TenantKey, TenantRecord,
    TenantScope, Verified,
};
use tenant_diesel::{prelude::*, sql_query};
use tenant_testkit::TestDatabase;

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = diesel::sql_types::Text)]
    limits: String,
}

const ASK: &str = "SELECT current_setting('statement_timeout') || ' ' || current_setting('work_mem') \
    || ' ' || current_setting('lock_timeout') AS limits";

async fn scope(id: i64, plan: &str) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(id, "x").plan(plan)]);
    TenantScope::claim(id, Principal::Token).verify(&registry).await.unwrap()
}

#[tokio::test]
async fn a_tenant_on_a_small_plan_gets_less_and_the_next_one_its_own() {
    let database = TestDatabase::create().await.unwrap();
    let tenancy = Tenancy::new(TenantKey::Bigint);
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let all = Limits::new()
        .statement_timeout(Duration::from_secs(30))
        .lock_timeout(Duration::from_secs(3));
    let free = Limits::new().statement_timeout(Duration::from_secs(2)).work_mem_kib(1024);
    let url = database.url(&format!("{}_login", database.name()));
    let diesel = tenant_diesel::TenantDb::builder(&tenancy)
        .max_connections(1)
        .limits(all)
        .plan_limits("free", free)
        .connect(url.clone())
        .await
        .unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&tenancy)
        .max_connections(1)
        .limits(all)
        .plan_limits("free", free)
        .connect(url)
        .await
        .unwrap();
    for (plan, expected) in [("free", "2s 1MB 3s"), ("pro", "30s 4MB 3s")] {
        let mut tx = diesel.begin(&scope(1, plan).await).await.unwrap();
        let found: Found = sql_query(ASK).get_result(&mut tx).await.unwrap();
        assert_eq!(found.limits, expected);
        tx.commit().await.unwrap();
        let tx = seaorm.begin(&scope(1, plan).await).await.unwrap();
        let found = tx.raw(ASK, []).one().await;
        let found: String = found.unwrap().unwrap().try_get("", "limits").unwrap();
        assert_eq!(found, expected);
        tx.commit().await.unwrap();
    }
}
