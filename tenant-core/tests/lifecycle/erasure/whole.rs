use std::sync::{Arc, Mutex};

use tenant_core::{
    AuditLog, Binding, Erasure, ErasureError, ErasureReceipt, Layout, NewTenant, Principal,
    Reporter, Seal, SealKey, SealKeys, SqlSession, StaticRegistry, TenantId, TenantKey,
    TenantRecord, TenantScope, Tenants, TenantsError, TransactionOptions, Unnarrowed,
    adapter::{Opening, OpeningOptions},
};

use super::world::{TABLES, World, erasure};
use crate::fixture::{Shop, tenancy};

fn key() -> SealKey {
    SealKey::new("receipts", vec![7; 32]).unwrap()
}

#[tokio::test]
async fn of_twenty_four_tenants_one_is_gone_and_the_others_are_as_they_were() {
    let world = World::open().await;
    let admin = world.admin();
    let (before, rows) = (world.checksums(7).await, world.rows_of(7).await);
    let plan = erasure(7).plan(&admin).await.unwrap();
    assert_eq!(plan.obstacles, Vec::<String>::new());
    assert_eq!(world.rows_of(7).await, rows, "a plan changes nothing");
    let receipt = erasure(7).sign_with(&key()).run(&admin, "alice", "request 1").await.unwrap();
    assert_eq!(world.rows_of(7).await, 0);
    assert_eq!(world.checksums(7).await, before);
    // What was planned is what was done, and the tenant's own row comes on top.
    let planned: Vec<_> = plan.tables.iter().map(|t| (t.table.clone(), t.rows.unwrap())).collect();
    let mut done: Vec<_> = receipt.tables.iter().map(|t| (t.table.clone(), t.rows)).collect();
    let mut expected = planned.clone();
    expected.sort();
    done.sort();
    assert_eq!(done, expected);
    assert_eq!(receipt.rows() + 1, rows);
    // And its members, quotas and what it used.
    assert_eq!(receipt.tables.len(), TABLES.len() + 3);
    // The receipt, the audit log and the tombstone say the same.
    receipt.verify(&key()).unwrap();
    assert!(receipt.verify(&SealKey::new("receipts", vec![8; 32]).unwrap()).is_err());
    assert_eq!(receipt.row_security, Unnarrowed::RowSecurityOff);
    assert_eq!(
        world.one("SELECT receipt FROM tenancy.tombstones WHERE tenant_id = 7").await,
        receipt.hash
    );
    let log = AuditLog::new(&admin);
    log.verify(None).await.unwrap();
    let entries = log.entries(0, 10).await.unwrap();
    assert_eq!((entries.len(), entries[0].event.as_str()), (1, "erased"));
    assert!(entries[0].detail.contains(&receipt.hash), "{:?}", entries[0]);
    let read: ErasureReceipt =
        serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
    read.verify(&key()).unwrap();
}

#[tokio::test]
async fn the_id_is_not_given_again_and_the_slug_is() {
    let world = World::open().await;
    let admin = world.admin();
    let receipt = erasure(7).run(&admin, "alice", "request 1").await.unwrap();
    assert!(matches!(receipt.verify(&key()), Err(ErasureError::Receipt { .. })), "not signed");
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    let again = tenants.create(NewTenant::new("tenant-7", "x").id(7)).await;
    assert!(matches!(again, Err(TenantsError::Tombstoned(_))), "{again:?}");
    tenants.create(NewTenant::new("tenant-7", "x").id(77)).await.unwrap();
    let twice = erasure(7).run(&admin, "alice", "again").await;
    assert!(
        matches!(&twice, Err(ErasureError::AlreadyErased { receipt: hash, .. }) if *hash == receipt.hash),
        "{twice:?}"
    );
    // What a transaction wrote that was open all the while is erased by another run.
    world.run("INSERT INTO notes (id, tenant_id) VALUES (1, 7)").await;
    assert_eq!(erasure(7).run(&admin, "alice", "late rows").await.unwrap().rows(), 1);
    assert_eq!(world.rows_of(7).await, 0);
    let unknown = erasure(99).run(&admin, "alice", "x").await;
    assert!(matches!(unknown, Err(ErasureError::Unknown(_))), "{unknown:?}");
    world.run("INSERT INTO notes (id, tenant_id) VALUES (1, 99)").await;
    erasure(99).unregistered().run(&admin, "alice", "x").await.unwrap();
    assert_eq!(world.rows_of(99).await, 0);
}

#[tokio::test]
async fn a_sealed_database_lets_the_admin_erase_and_nobody_open_the_erased() {
    let world = World::with(5, Binding::Sealed).await;
    let key = key();
    SealKeys::new(world.database.session()).add(&key).await.unwrap();
    let layout = Layout::new(world.database.name()).unwrap().binding(Binding::Sealed);
    let mut options = OpeningOptions::default();
    options.seal(Seal::new(key));
    let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap();
    // Scopes that were verified before.
    let registry = StaticRegistry::new([7, 8].map(|id| TenantRecord::new(id, id.to_string())));
    let login = world.database.session_as(&format!("{}_login", world.database.name()));
    let open = async |id: i64| {
        let claim = TenantScope::claim(TenantId::from(id), Principal::System("test".into()));
        let scope = claim.verify(&registry).await.unwrap();
        let begin = opening.tenant(&scope, TransactionOptions::default()).unwrap();
        login.batch(&format!("{begin}; COMMIT")).await
    };
    open(7).await.unwrap();
    let admin = world.admin();
    let before = world.checksums(7).await;
    erasure(7).run(&admin, "alice", "request 1").await.unwrap();
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
    let refused = open(7).await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenant_suspended"), "{refused}");
    open(8).await.unwrap();
}

#[tokio::test]
async fn an_id_that_looks_like_sql_is_erased_like_any_other() {
    let shop = Shop::with(TenantKey::Text, Binding::SetConfig).await;
    let admin = shop.admin();
    let tenants = Tenants::new(&admin, TenantKey::Text, "alice")
        .seed("INSERT INTO customers (name) VALUES ('x')");
    let ids =
        [r"o'neil\", "$do$; DROP TABLE customers; --", "'); DELETE FROM customers; --", "%I {id}"];
    let ids = ids.map(|id| TenantId::try_from(id).unwrap());
    for (at, id) in ids.iter().enumerate() {
        tenants.create(NewTenant::new(format!("t{at}"), "x").id(id.clone())).await.unwrap();
    }
    for (at, id) in ids.iter().enumerate() {
        let erasure = Erasure::new(&tenancy(TenantKey::Text), id.clone());
        let erasure = if at % 2 == 0 { erasure.in_chunks(1) } else { erasure };
        assert_eq!(erasure.run(&admin, "alice", "x").await.unwrap().rows(), 1, "{id}");
        let left = (ids.len() - at - 1).to_string();
        assert_eq!(shop.one("SELECT count(*) FROM customers").await, left);
        let told = tenants.create(NewTenant::new("again", "x").id(id.clone())).await;
        assert!(matches!(told, Err(TenantsError::Tombstoned(_))), "{told:?}");
    }
}

/// Where the server lets nobody bypass row security, the admin's policy is read first.
#[tokio::test]
async fn without_bypassrls_the_admins_policy_is_the_proof() {
    let world = World::with(5, Binding::SetConfig).await;
    let role = world.admin_role();
    world.run(&format!("ALTER ROLE {role} NOBYPASSRLS")).await;
    let (admin, before) = (world.admin(), world.checksums(7).await);
    let receipt = erasure(7).run(&admin, "alice", "request 1").await.unwrap();
    assert_eq!(receipt.row_security, Unnarrowed::AdminPolicy);
    assert_eq!((world.rows_of(7).await, world.checksums(7).await), (0, before));
    // Its twins: a policy that is gone, and one that takes away.
    let policy = "SELECT polname FROM pg_policy WHERE polrelid = 'orders'::regclass \
                  AND polname LIKE 'tenancy_admin%'";
    let policy = world.one(policy).await;
    let restrictive =
        format!("CREATE POLICY hides ON orders AS RESTRICTIVE TO {role} USING (id % 2 = 0)");
    for narrow in
        [restrictive, format!("DROP POLICY hides ON orders; DROP POLICY {policy} ON orders")]
    {
        world.run(&narrow).await;
        let rows = world.rows_of(8).await;
        for narrowed in [
            erasure(8).run(&admin, "alice", "x").await.unwrap_err(),
            erasure(8).in_chunks(2).run(&admin, "alice", "x").await.unwrap_err(),
            erasure(8).plan(&admin).await.unwrap_err(),
        ] {
            let told = matches!(&narrowed, ErasureError::Core(tenant_core::Error::Narrowed { table, .. })
                if table.contains("orders"));
            assert!(told, "{narrowed}");
        }
        assert_eq!(world.rows_of(8).await, rows);
    }
}

#[tokio::test]
async fn progress_is_told_for_every_table() {
    let world = World::open().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let bar = Arc::clone(&told);
    let reporter = Reporter::new(move |progress: &tenant_core::Progress| {
        bar.lock().unwrap().push((progress.table.clone(), progress.done, progress.total));
    });
    erasure(7).report(reporter).run(&world.admin(), "alice", "x").await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), TABLES.len(), "{told:?}");
    assert!(told.contains(&(r#""public"."lines""#.to_owned(), 60, 60)), "{told:?}");
}

#[tokio::test]
async fn whoever_says_not_who_or_why_erases_nothing() {
    let world = World::with(2, Binding::SetConfig).await;
    for (actor, reason) in [("", "x"), ("alice", " ")] {
        let refused = erasure(7).run(&world.admin(), actor, reason).await;
        assert!(matches!(refused, Err(ErasureError::Unaccountable { .. })), "{refused:?}");
    }
    let id = TenantId::try_from("seven").unwrap();
    let text = tenant_core::Erasure::new(&super::world::tenancy(), id);
    assert!(text.run(&world.admin(), "alice", "x").await.is_err());
    assert!(world.rows_of(7).await > 0);
    // A login that is not the admin's cannot.
    let registry = world.database.session_as(&format!("{}_registry", world.database.name()));
    assert!(erasure(7).run(&registry, "alice", "x").await.is_err());
    assert!(registry.batch("DELETE FROM tenancy.tenants").await.is_err());
}
