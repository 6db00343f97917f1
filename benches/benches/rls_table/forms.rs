//! The forms of a policy, each a role that logs in to the same database.

use tenant_core::{
    Principal, Seal, StaticRegistry, TenantKey, TenantRecord, TenantScope, TransactionOptions,
    Verified,
    adapter::{Opening, OpeningOptions},
};
use tenant_testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

/// What a transaction begins with.
enum Begin {
    /// `BEGIN` alone: no row security.
    Plain,
    /// `BEGIN` and the setting.
    Setting,
    /// What a pool sends.
    Pool(Box<Opening>, Vec<(i64, TenantScope<Verified>)>),
}

pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    begin: Begin,
}

/// The roles of forms that are not installed, and their policies.
const EXPLICIT: &str = "explicit";
const BARE: &str = "bare";
const WRAPPED: &str = "wrapped";
const FUNCTION: &str = "function";

/// On these tables, for forms that policies of somebody else stand for.
pub(crate) fn policies(database: &TestDatabase, tables: &[&str]) -> String {
    let name = database.name();
    let setting = "current_setting('app.current_tenant_id', true)::bigint";
    let roles: Vec<String> =
        [EXPLICIT, BARE, WRAPPED, FUNCTION].iter().map(|form| format!("{name}_{form}")).collect();
    let mut sql = format!(
        "CREATE ROLE {name}_{EXPLICIT} LOGIN BYPASSRLS; CREATE ROLE {name}_{BARE} LOGIN;
         CREATE ROLE {name}_{WRAPPED} LOGIN; CREATE ROLE {name}_{FUNCTION} LOGIN;
         CREATE SCHEMA unsealed; GRANT USAGE ON SCHEMA unsealed, public TO {roles};
         DO $$ BEGIN EXECUTE replace(pg_get_functiondef('tenancy.current_tenant()'::regprocedure),
           'FUNCTION tenancy.', 'FUNCTION unsealed.'); END $$;
         GRANT EXECUTE ON FUNCTION unsealed.current_tenant() TO PUBLIC;",
        roles = roles.join(", ")
    );
    for table in tables {
        sql.push_str(&format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {};",
            roles.join(", ")
        ));
        for (form, tenant) in [
            (BARE, setting.to_owned()),
            (WRAPPED, format!("(SELECT {setting})")),
            (FUNCTION, "(SELECT unsealed.current_tenant())".to_owned()),
        ] {
            sql.push_str(&format!(
                "CREATE POLICY {form} ON {table} TO {name}_{form} USING (tenant_id = {tenant})
                   WITH CHECK (tenant_id = {tenant});
                 CREATE POLICY {form}_wall ON {table} AS RESTRICTIVE TO {name}_{form}
                   USING (tenant_id = {tenant}) WITH CHECK (tenant_id = {tenant});"
            ));
        }
    }
    sql
}

async fn client(database: &TestDatabase, role: &str) -> Client {
    let url = database.url(&format!("{}_{role}", database.name()));
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    // A measurement does not compile what it runs, in any form.
    client.batch_execute("SET jit = off").await.unwrap();
    client
}

impl Form {
    pub(crate) async fn explicit(database: &TestDatabase) -> Self {
        let client = client(database, EXPLICIT).await;
        Self { name: "explicit `WHERE`, no row security", client, begin: Begin::Plain }
    }

    pub(crate) async fn bare(database: &TestDatabase) -> Self {
        let client = client(database, BARE).await;
        Self { name: "bare `current_setting`", client, begin: Begin::Setting }
    }

    pub(crate) async fn wrapped(database: &TestDatabase) -> Self {
        let client = client(database, WRAPPED).await;
        Self { name: "wrapped setting", client, begin: Begin::Setting }
    }

    pub(crate) async fn function(database: &TestDatabase) -> Self {
        let client = client(database, FUNCTION).await;
        Self { name: "wrapped function (ours)", client, begin: Begin::Setting }
    }

    /// As a pool would open it, for these tenants.
    pub(crate) async fn pool(
        database: &TestDatabase,
        layout: &tenant_core::Layout,
        seal: Option<&Seal>,
        tenants: &[i64],
    ) -> Self {
        let mut options = OpeningOptions::default();
        // The large table takes longer than a scope is good for.
        options.max_scope_age(std::time::Duration::from_hours(10));
        if let Some(seal) = seal {
            options.seal(seal.clone());
        }
        let opening = Opening::new(layout, TenantKey::Bigint, &options).unwrap();
        let records = tenants.iter().map(|t| TenantRecord::new(*t, format!("t{t}")));
        let registry = StaticRegistry::new(records);
        let mut scopes = Vec::new();
        for tenant in tenants {
            let claim = TenantScope::claim(*tenant, Principal::Token);
            scopes.push((*tenant, claim.verify(&registry).await.unwrap()));
        }
        let client = client(database, "login").await;
        let name = if seal.is_some() { "sealed" } else { "wrapped function (ours)" };
        Self { name, client, begin: Begin::Pool(Box::new(opening), scopes) }
    }

    /// What opens a transaction for this tenant.
    pub(crate) fn begin(&self, tenant: i64) -> String {
        match &self.begin {
            Begin::Plain => "BEGIN".to_owned(),
            Begin::Setting => {
                format!("BEGIN; SELECT set_config('app.current_tenant_id', '{tenant}', true)")
            }
            Begin::Pool(opening, scopes) => {
                let (_, scope) = scopes.iter().find(|(of, _)| *of == tenant).unwrap();
                opening.tenant(scope, TransactionOptions::default()).unwrap()
            }
        }
    }

    /// The query as this form asks it: only the explicit one names the tenant.
    pub(crate) fn sql(&self, template: &str, tenant: i64) -> String {
        let mine = match self.begin {
            Begin::Plain => format!("tenant_id = {tenant}"),
            _ => "true".to_owned(),
        };
        template.replace("{mine}", &mine).replace("{tenant}", &tenant.to_string())
    }
}
