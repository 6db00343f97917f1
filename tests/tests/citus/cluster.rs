//! The cluster that was named, with the shop installed.

use tenant_diesel::{
    Isolation, Layout, PgSession, Principal, SqlSession, StaticRegistry, TenantRecord, TenantScope,
    Verified,
};

use crate::shop::{ENTITIES, ROWS, TABLES, TENANCY};

/// Roles belong to all nodes, so they are named after these tests.
const PREFIX: &str = "tenant_citus_test";

const CLEAR: &str = "DROP TABLE IF EXISTS items, kinds";

pub(crate) struct Cluster {
    pub(crate) session: PgSession,
    pub(crate) layout: Layout,
    pub(crate) isolation: Isolation,
    url: String,
}

impl Cluster {
    pub(crate) async fn open(url: &str) -> Self {
        let session = PgSession::connect(url).await.unwrap();
        let layout = Layout::new(PREFIX).unwrap().citus();
        let isolation = Isolation::new(&TENANCY, &layout).unwrap();
        // What a run that was ended has left.
        let left = "SELECT to_regnamespace('tenancy') IS NOT NULL AS there";
        if session.rows(left, &[]).await.unwrap()[0]["there"] == true {
            isolation.revert(&session).await.unwrap();
        }
        session.batch(&format!("{CLEAR}; {TABLES}")).await.unwrap();
        isolation.apply(&session).await.unwrap();
        session.batch(ROWS).await.unwrap();
        Self { session, layout, isolation, url: url.to_owned() }
    }

    #[allow(clippy::unused_self, reason = "roles belong to the cluster")]
    pub(crate) fn role(&self, what: &str) -> String {
        format!("{PREFIX}_{what}")
    }

    /// The URL with the application's login in the place of the superuser.
    fn login(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("a URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{}@{host}", self.role("login"))
    }

    pub(crate) async fn diesel(&self) -> tenant_diesel::TenantDb {
        let builder = tenant_diesel::TenantDb::builder(&TENANCY).layout(self.layout.clone());
        builder.connect(self.login()).await.unwrap()
    }

    pub(crate) async fn seaorm(&self) -> tenant_seaorm::TenantDb {
        let builder = tenant_seaorm::TenantDb::builder(&ENTITIES).layout(self.layout.clone());
        builder.connect(self.login()).await.unwrap()
    }

    pub(crate) async fn scope(&self, tenant: i64) -> TenantScope<Verified> {
        let claim = TenantScope::claim(tenant, Principal::System("test".into()));
        let registry = StaticRegistry::new([TenantRecord::new(tenant, "some")]);
        claim.verify(&registry).await.unwrap()
    }

    /// To how many shards Citus sends a query of the application.
    pub(crate) async fn tasks(&self, tenant: i64, sql: &str) -> u64 {
        let sql = sql.split(" -- ").next().unwrap();
        let own = self.session.dedicated().await.unwrap();
        let plan = format!(
            "CREATE OR REPLACE FUNCTION pg_temp.plan_of(q text) RETURNS json LANGUAGE plpgsql AS \
             $$ DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (FORMAT JSON) ' || q INTO plan; RETURN plan; END $$; \
             BEGIN; SET LOCAL citus.propagate_set_commands = 'local'; \
             SET LOCAL app.current_tenant_id = '{tenant}'"
        );
        own.batch(&plan).await.unwrap();
        let ask = format!(
            "SELECT (regexp_match(pg_temp.plan_of({})::text, '\"Task Count\": ([0-9]+)'))[1] AS tasks",
            tenant_core::quote_literal(sql)
        );
        let rows = own.rows(&ask, &[]).await.unwrap();
        rows[0]["tasks"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn close(self) {
        self.isolation.revert(&self.session).await.unwrap();
        self.session.batch(CLEAR).await.unwrap();
    }
}
