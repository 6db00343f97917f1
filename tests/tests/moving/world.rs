//! A database with a tenant that has many entries, and an empty schema for it.

use std::time::Duration;

use tenant_core::{
    Isolation, Layout, Placement, Principal, SqlRegistry, SqlSession, TenantKey, TenantScope,
    Verified,
};
use tenant_testkit::TestDatabase;
use uuid::Uuid;

use crate::diesel_client::TENANCY;

/// A scope is good for so long, and the source is kept a little longer.
pub(crate) const MAX_SCOPE_AGE: Duration = Duration::from_millis(500);

const TABLES: &str = "
    CREATE TABLE entries (id uuid PRIMARY KEY, value bigint NOT NULL, body text NOT NULL);
    CREATE TABLE notes (id bigserial PRIMARY KEY, entry uuid NOT NULL REFERENCES entries ON DELETE CASCADE);";

pub(crate) const TENANT: Uuid = Uuid::from_u128(1);

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) layout: Layout,
}

impl World {
    /// With so many entries, whose values are all 0.
    pub(crate) async fn open(entries: u32) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let layout = Layout::new(database.name()).unwrap().shared_schema("common").unwrap();
        let tables = format!(
            "CREATE SCHEMA common; CREATE SCHEMA acme; {TABLES} SET search_path = acme; {TABLES} RESET search_path"
        );
        database.session().batch(&tables).await.unwrap();
        let isolation = Isolation::new(&TENANCY, &layout).unwrap();
        database.install(&isolation).await.unwrap();
        isolation.apply_schema(database.session(), "acme").await.unwrap();
        let rows = format!(
            "INSERT INTO tenancy.tenants (id, slug, name) VALUES ('{TENANT}', 'acme', 'Acme');
             INSERT INTO entries (tenant_id, id, value, body)
             SELECT '{TENANT}', gen_random_uuid(), 0, repeat('x', 100) FROM generate_series(1, {entries});
             INSERT INTO notes (tenant_id, entry) SELECT tenant_id, id FROM entries"
        );
        database.session().batch(&rows).await.unwrap();
        Self { database, layout }
    }

    pub(crate) fn login(&self) -> String {
        self.database.url(self.layout.roles().login())
    }

    /// What clients verify with, each on a connection of its own.
    pub(crate) fn registry(&self) -> SqlRegistry {
        let session = self.database.session_as(self.layout.roles().registry());
        SqlRegistry::new(session).key(TenantKey::Uuid)
    }

    /// The entries and their values, wherever they are.
    pub(crate) async fn entries(&self, schema: &str) -> Vec<(Uuid, i64)> {
        let sql = format!("SELECT id::text AS id, value FROM {schema}.entries");
        let rows = self.database.session().rows(&sql, &[]).await.unwrap();
        let row = |row: &tenant_core::JsonRow| {
            (row["id"].as_str().unwrap().parse().unwrap(), row["value"].as_i64().unwrap())
        };
        rows.iter().map(row).collect()
    }
}

pub(crate) async fn scope(registry: &SqlRegistry) -> TenantScope<Verified> {
    let claim = TenantScope::claim(TENANT, Principal::System("a test".into()));
    claim.verify(registry).await.unwrap()
}

pub(crate) fn acme() -> Placement {
    Placement::schema(Placement::MAIN, "acme").unwrap()
}
