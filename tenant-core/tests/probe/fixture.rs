//! A schema as an application has it, under the isolation.

use tenant_core::{
    Isolation, Layout, Outcome, Probe, Report, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::{TestDatabase, TestSession};

/// Nothing of what is in the tables may be in a report.
pub(crate) const CANARY: &str = "canary-4f1c9a";

/// Tables of every kind that the planting has to cope with. `KEY` is the tenants' key.
const SCHEMA: &str = r#"
    CREATE TYPE mood AS ENUM ('calm', 'keen');
    CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE BETWEEN 10 AND 90);
    CREATE TABLE plan (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO plan VALUES (1, 'free');
    CREATE TABLE customer (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant_id KEY NOT NULL,
        email text NOT NULL CHECK (email LIKE '%@%'),
        code varchar(5) NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'closed')),
        mood mood NOT NULL,
        tags text[] NOT NULL DEFAULT '{}',
        share percent,
        plan_id int NOT NULL REFERENCES plan,
        made timestamptz NOT NULL DEFAULT now(),
        UNIQUE (tenant_id, id),
        UNIQUE (tenant_id, email)
    );
    CREATE TABLE invoice (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant_id KEY NOT NULL,
        customer_id uuid NOT NULL,
        corrects bigint,
        total numeric(8, 2) NOT NULL CHECK (total > 0),
        gross numeric GENERATED ALWAYS AS (total * 1.2) STORED,
        starts date NOT NULL,
        ends date NOT NULL,
        during daterange,
        note text,
        body jsonb NOT NULL,
        UNIQUE (tenant_id, id),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id),
        FOREIGN KEY (tenant_id, corrects) REFERENCES invoice (tenant_id, id),
        CHECK (starts < ends)
    );
    CREATE TABLE "Event ""log""" (
        id serial,
        tenant_id KEY NOT NULL,
        at timestamptz NOT NULL,
        kind char(2) NOT NULL,
        PRIMARY KEY (tenant_id, id, at)
    ) PARTITION BY RANGE (at);
    CREATE TABLE event_2020 PARTITION OF "Event ""log""" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE event_2021 PARTITION OF "Event ""log""" FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    CREATE TABLE seat (
        tenant_id KEY NOT NULL,
        customer_id uuid NOT NULL,
        number smallint NOT NULL,
        PRIMARY KEY (tenant_id, number),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
    );
    CREATE VIEW open_customer WITH (security_invoker = true) AS SELECT * FROM customer WHERE state = 'active';
    CREATE VIEW customer_name WITH (security_invoker = true) AS SELECT email FROM customer;
"#;

pub(crate) fn tenancy(key: TenantKey) -> Tenancy {
    Tenancy::new(key)
        .tenant_table(TableName::new("customer"), None)
        .tenant_table(TableName::new("invoice"), None)
        .tenant_table(TableName::new("Event \"log\""), None)
        .tenant_table(TableName::new("seat"), None)
        .shared_table(TableName::new("plan"))
}

pub(crate) struct Shop {
    pub(crate) database: TestDatabase,
    pub(crate) tenancy: Tenancy,
    pub(crate) layout: Layout,
}

impl Shop {
    /// With separate roles.
    pub(crate) async fn open(key: TenantKey) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let layout = Layout::new(database.name()).unwrap();
        Self::install(database, key, layout).await
    }

    /// With one role for everything.
    pub(crate) async fn single(key: TenantKey) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let role = format!("{}_app", database.name());
        database.session().batch(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
        Self::install(database, key, Layout::single_role(&role).unwrap()).await
    }

    async fn install(database: TestDatabase, key: TenantKey, layout: Layout) -> Self {
        let sql = SCHEMA.replace("tenant_id KEY", &format!("tenant_id {key}"));
        database.session().batch(&sql).await.unwrap();
        let tenancy = tenancy(key);
        database.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
        let shop = Self { database, tenancy, layout };
        shop.views().await;
        shop.stock(key).await;
        shop
    }

    async fn views(&self) {
        let roles = self.layout.roles();
        let reader = roles.tenant().unwrap_or(roles.login());
        let sql = format!("GRANT SELECT ON open_customer, customer_name TO {reader}");
        self.database.session().batch(&sql).await.unwrap();
    }

    /// Rows of two other tenants, all of whose texts are the canary.
    async fn stock(&self, key: TenantKey) {
        let ids = match key {
            TenantKey::Uuid => {
                ["018f4e9c-0000-7000-8000-000000000001", "018f4e9c-0000-7000-8000-000000000002"]
            }
            TenantKey::Bigint => ["1", "2"],
            _ => ["acme", "bolt"],
        };
        for id in ids {
            let sql = format!(
                "INSERT INTO customer (tenant_id, email, code, state, mood, plan_id)
                 VALUES ('{id}', '{CANARY}-{id}@example.com', 'cana', 'active', 'calm', 1);
                 INSERT INTO invoice (tenant_id, customer_id, total, starts, ends, note, body)
                 SELECT tenant_id, id, 12.34, '2024-01-01', '2024-02-01', '{CANARY}', '\"{CANARY}\"'
                 FROM customer WHERE tenant_id = '{id}';
                 INSERT INTO \"Event \"\"log\"\"\" (tenant_id, at, kind) VALUES ('{id}', '2020-05-05', 'xx');"
            );
            self.database.session().batch(&sql).await.unwrap();
        }
        self.database.session().batch("ANALYZE").await.unwrap();
    }

    pub(crate) fn login(&self) -> TestSession {
        self.database.session_as(self.layout.roles().login())
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe::new(&self.tenancy).layout(&self.layout)
    }

    pub(crate) async fn attacked(&self) -> Report {
        self.probe().run(&self.login()).await.unwrap()
    }

    /// What a probe must leave as it was: rows, sequences, definitions, grants, roles.
    pub(crate) async fn state(&self) -> String {
        let sql = r#"
            SELECT concat_ws(E'\n',
                (SELECT string_agg(c::text, E'\n' ORDER BY c::text) FROM customer c),
                (SELECT string_agg(i::text, E'\n' ORDER BY i::text) FROM invoice i),
                (SELECT string_agg(e::text, E'\n' ORDER BY e::text) FROM "Event ""log""" e),
                (SELECT count(*) FROM seat), (SELECT count(*) FROM plan),
                (SELECT string_agg(s::text, E'\n' ORDER BY s::text) FROM pg_sequences s),
                (SELECT string_agg(format('%s %s %s', relname, relacl, relrowsecurity), E'\n' ORDER BY oid)
                 FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace),
                (SELECT string_agg(p::text, E'\n' ORDER BY p::text) FROM pg_policies p),
                (SELECT string_agg(d::text, E'\n' ORDER BY d::text) FROM pg_db_role_setting d
                 WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
                (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_proc)
            ) AS state"#;
        let rows = self.database.session().rows(sql, &[]).await.unwrap();
        rows[0]["state"].as_str().unwrap().to_owned()
    }

    /// Locks on the application's tables, of anybody.
    pub(crate) async fn locks(&self) -> i64 {
        let sql = "SELECT count(*) AS n FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                   WHERE c.relnamespace = 'public'::regnamespace";
        self.database.session().rows(sql, &[]).await.unwrap()[0]["n"].as_i64().unwrap()
    }
}

pub(crate) fn leaks(report: &Report) -> Vec<(&'static str, String)> {
    let leaked = report.attempts.iter().filter(|a| matches!(a.outcome, Outcome::Leaked { .. }));
    leaked.map(|a| (a.code, a.object.clone())).collect()
}
