//! The registry in SQL, through a session of either adapter.

use tenant_core::{Isolation, Layout, Tenancy};
use tenant_core::{
    Principal, SqlRegistry, SqlSession, StaticRegistry, TenantId, TenantKey, TenantRecord,
    TenantRegistry, TenantScope, TenantStatus, VerifyError,
};
use tenant_testkit::TestDatabase;

/// A slug comes back as it was, whatever is in it.
const SLUG: &str = "'; \\ \" {x} 日本 --";

async fn database(key: TenantKey, ids: [&str; 3]) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&Tenancy::new(key), &layout).unwrap()).await.unwrap();
    for (at, status) in ["active", "suspended", "deleted"].into_iter().enumerate() {
        let id = tenant_core::quote_literal(ids[at]);
        let slug = tenant_core::quote_literal(&format!("{SLUG}{at}"));
        database
            .session()
            .batch(&format!(
                "INSERT INTO tenancy.tenants (id, slug, name, status, plan)
                 VALUES ({id}, {slug}, 'Tenant {at}', '{status}', 'pro');
                 INSERT INTO tenancy.members VALUES ({id}, 'alice')"
            ))
            .await
            .unwrap();
    }
    database
}

/// A registry through each adapter's session, with the registry's own login.
async fn registries(database: &TestDatabase) -> [SqlRegistry; 2] {
    let url = database.url(&format!("{}_registry", database.name()));
    [
        SqlRegistry::new(tenant_diesel::PgSession::connect(url.as_str()).await.unwrap()),
        SqlRegistry::new(tenant_seaorm::PgSession::connect(url.as_str()).await.unwrap()),
    ]
}

fn claim(id: &TenantId, user: &str) -> TenantScope<tenant_core::Unverified> {
    TenantScope::claim(id.clone(), Principal::User(user.into()))
}

#[tokio::test]
async fn tenants_are_found_by_every_kind_of_key() {
    let uuids = [
        "00000000-0000-0000-0000-00000000000a",
        "00000000-0000-0000-0000-00000000000b",
        "00000000-0000-0000-0000-00000000000c",
    ];
    for (key, ids, unknown) in [
        (TenantKey::Uuid, uuids, "00000000-0000-0000-0000-00000000000d"),
        (TenantKey::Bigint, ["1", "2", "9223372036854775807"], "-1"),
        (TenantKey::Text, [r"'; DROP TABLE tenants; --\", "Ünï\"code", "x"], "'"),
    ] {
        let database = database(key, ids).await;
        for registry in registries(&database).await {
            let [active, suspended, deleted] = ids.map(|id| key.parse(id).unwrap());
            let scope = claim(&active, "alice").verify(&registry).await.unwrap();
            assert_eq!(scope.record().slug, format!("{SLUG}0"));
            assert_eq!(scope.record().plan.as_deref(), Some("pro"));
            assert_eq!(scope.record().status, TenantStatus::Active);

            let result = claim(&active, "mallory").verify(&registry).await;
            assert!(matches!(result, Err(VerifyError::NotMember(_))), "{result:?}");
            let result = claim(&suspended, "alice").verify(&registry).await;
            assert!(matches!(result, Err(VerifyError::Suspended(_))), "{result:?}");
            let result = claim(&deleted, "alice").verify(&registry).await;
            assert!(matches!(result, Err(VerifyError::Deleted(_))), "{result:?}");
            let result = claim(&key.parse(unknown).unwrap(), "alice").verify(&registry).await;
            assert!(matches!(result, Err(VerifyError::Unknown(_))), "{result:?}");
        }
    }
}

#[tokio::test]
async fn a_tenant_is_found_by_its_slug_and_nobody_by_none() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    for registry in registries(&database).await {
        assert!(registry.find_by_slug("acme").await.is_err(), "it must know the type of the ids");
        let registry = registry.key(TenantKey::Bigint);
        let found = registry.find_by_slug(&format!("{SLUG}1")).await.unwrap().unwrap();
        assert_eq!((found.id, found.status), (2.into(), TenantStatus::Suspended));
        for slug in ["", "acme", "'", &SLUG[1..]] {
            assert_eq!(registry.find_by_slug(slug).await.unwrap(), None);
        }
    }
    let twice = [TenantRecord::new(1, "acme"), TenantRecord::new(2, "acme")];
    assert!(StaticRegistry::new(twice).find_by_slug("acme").await.is_err());
}

#[tokio::test]
async fn a_token_and_the_system_need_no_membership() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    for registry in registries(&database).await {
        for principal in [Principal::Token, Principal::System("nightly job".into())] {
            TenantScope::claim(1, principal.clone()).verify(&registry).await.unwrap();
            let result = TenantScope::claim(2, principal).verify(&registry).await;
            assert!(matches!(result, Err(VerifyError::Suspended(_))), "{result:?}");
        }
    }
}

#[tokio::test]
async fn what_was_given_out_before_the_epoch_was_raised_is_refused() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    for (epoch, registry) in (1..).zip(registries(&database).await) {
        let scope = claim(&1.into(), "alice").verify(&registry).await.unwrap();
        let travelled = serde_json::to_string(&scope.to_claim()).unwrap();
        let arrive =
            || serde_json::from_str::<TenantScope<tenant_core::Unverified>>(&travelled).unwrap();
        arrive().verify(&registry).await.unwrap();

        let raise = format!("UPDATE tenancy.tenants SET epoch = {epoch}");
        database.session().batch(&raise).await.unwrap();
        let result = arrive().verify(&registry).await;
        assert!(matches!(result, Err(VerifyError::Revoked(_))), "{result:?}");
        claim(&1.into(), "alice").epoch(epoch).verify(&registry).await.unwrap();
    }
}

#[tokio::test]
async fn a_tenant_in_maintenance_is_refused_as_such_and_a_spare_one_is_nobody() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    for registry in registries(&database).await {
        let set = "UPDATE tenancy.tenants SET status = ";
        database.session().batch(&format!("{set}'maintenance' WHERE id = 1")).await.unwrap();
        let result = claim(&1.into(), "alice").verify(&registry).await;
        assert!(matches!(result, Err(VerifyError::Maintenance(_))), "{result:?}");
        database.session().batch(&format!("{set}'spare' WHERE id = 1")).await.unwrap();
        let result = claim(&1.into(), "alice").verify(&registry).await;
        assert!(matches!(result, Err(VerifyError::Unknown(_))), "{result:?}");
    }
}

#[tokio::test]
async fn a_registry_that_cannot_answer_is_an_error_and_never_a_no() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    let registries = registries(&database).await;
    database.session().batch("ALTER TABLE tenancy.tenants RENAME TO gone").await.unwrap();
    for registry in &registries {
        let result = claim(&1.into(), "alice").verify(registry).await;
        assert!(matches!(result, Err(VerifyError::Registry(_))), "{result:?}");
    }
    database.session().batch("ALTER TABLE tenancy.gone RENAME TO tenants").await.unwrap();
    for registry in &registries {
        claim(&1.into(), "alice").verify(registry).await.unwrap();
    }
}

#[tokio::test]
async fn an_id_of_another_kind_is_not_found_by_accident() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    for registry in registries(&database).await {
        let text = TenantId::try_from("1").unwrap();
        let result = claim(&text, "alice").verify(&registry).await;
        assert!(result.is_err(), "{result:?}");
        let result = claim(&text, "alice").verify(&registry.key(TenantKey::Bigint)).await;
        assert!(matches!(result, Err(VerifyError::WrongKey { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn tables_of_ones_own_are_asked_in_ones_own_words() {
    let database = TestDatabase::create().await.unwrap();
    database
        .session()
        .batch(
            "CREATE TABLE companies (id bigint, handle text, blocked bool);
             CREATE TABLE staff (company bigint, email text);
             INSERT INTO companies VALUES (1, 'acme', false), (2, 'late', true);
             INSERT INTO staff VALUES (1, 'alice'), (2, 'alice');",
        )
        .await
        .unwrap();
    let registry = SqlRegistry::with_queries(
        tenant_diesel::PgSession::connect(database.superuser_url()).await.unwrap(),
        "SELECT handle AS slug, handle AS name, NULL AS plan, 0 AS epoch,
                CASE WHEN blocked THEN 'suspended' ELSE 'active' END AS status
         FROM companies WHERE id = $1::text::bigint",
        "SELECT 1 FROM staff WHERE company = $1::text::bigint AND email = $2",
    );
    claim(&1.into(), "alice").verify(&registry).await.unwrap();
    let result = claim(&2.into(), "alice").verify(&registry).await;
    assert!(matches!(result, Err(VerifyError::Suspended(_))), "{result:?}");
    let result = claim(&1.into(), "mallory").verify(&registry).await;
    assert!(matches!(result, Err(VerifyError::NotMember(_))), "{result:?}");
}

#[tokio::test]
async fn the_registrys_login_reads_the_registry_and_nothing_else_does() {
    let database = database(TenantKey::Bigint, ["1", "2", "3"]).await;
    let name = database.name();
    for role in ["login", "tenant", "shared"] {
        let sql = format!(
            "SELECT has_table_privilege('{name}_{role}', 'tenancy.tenants', 'SELECT') AS may"
        );
        let rows = database.session().rows(&sql, &[]).await.unwrap();
        assert_eq!(rows[0]["may"], false, "{role}");
    }
    let url = database.url(&format!("{name}_registry"));
    let session = tenant_diesel::PgSession::connect(url).await.unwrap();
    assert!(session.batch("DELETE FROM tenancy.members").await.is_err());
}

#[tokio::test]
async fn a_scope_travels_as_a_claim_and_is_verified_again() {
    let registry = StaticRegistry::new([TenantRecord::new(1, "acme")]).member(1, "alice");
    let scope = claim(&1.into(), "alice").verify(&registry).await.unwrap();
    let payload = serde_json::to_string(&scope.to_claim()).unwrap();
    let arrived: TenantScope<tenant_core::Unverified> = serde_json::from_str(&payload).unwrap();
    arrived.verify(&registry).await.unwrap();

    let widened = payload.replace("alice", "mallory");
    let arrived: TenantScope<tenant_core::Unverified> = serde_json::from_str(&widened).unwrap();
    assert!(matches!(arrived.verify(&registry).await, Err(VerifyError::NotMember(_))));
    for principal in [r#"{"system":"x"}"#, r#""token""#] {
        let forged = format!(r#"{{"tenant":{{"bigint":1}},"principal":{principal}}}"#);
        assert!(serde_json::from_str::<TenantScope<tenant_core::Unverified>>(&forged).is_err());
    }
    let system = TenantScope::claim(1, Principal::System("x".into()));
    assert!(serde_json::to_string(&system).is_err());
}
