//! Jobs of tenants, in a queue in PostgreSQL: `cargo run --bin jobs`.
//!
//! One program enqueues, two workers take jobs with `FOR UPDATE SKIP LOCKED`. Somebody who can write to
//! the queue tampers with it; a user leaves and a tenant is suspended while their jobs wait. Then one
//! thing is done for every active tenant.

mod entity;
mod queue;
mod work;

use std::error::Error;

use sea_orm::{EntityTrait, QueryOrder};
use tenant_core::{Isolation, Layout, SqlSession};
use tenant_seaorm::{
    JobKey, PgSession, Principal, SqlRegistry, TenantDb, TenantScope, for_each_tenant,
};
use tenant_testkit::TestDatabase;

use entity::{TENANCY, job};
use work::{WRITE_STATEMENT, Worker, WriteStatement};

/// An example's; yours comes from your secret store, and `openssl rand -hex 32` makes it.
const SECRET: &str = "2f4e6d8c0b1a39587766554433221100ffeeddccbbaa99887766554433221100";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let database = TestDatabase::create().await?;
    database.session().batch(entity::TABLES).await?;
    let layout = Layout::new(database.name())?;
    database.install(&Isolation::new(&TENANCY, &layout)?).await?;
    database.session().batch(TENANTS).await?;
    let login = database.url(&format!("{}_login", database.name()));
    let registry = database.url(&format!("{}_registry", database.name()));

    let key = JobKey::from_hex("j1", SECRET)?;
    let worker = async || -> Result<Worker> {
        let registry = SqlRegistry::new(PgSession::connect(registry.as_str()).await?);
        Ok(Worker {
            db: TenantDb::connect(login.as_str(), &TENANCY).await?,
            registry: registry.key(TENANCY.key()),
            keys: vec![key.clone()],
        })
    };
    let (one, two) = (worker().await?, worker().await?);

    println!("Alice and Bob enqueue statements of their companies:");
    for (tenant, user) in [(1, "alice"), (2, "bob"), (3, "carol"), (2, "dave"), (1, "alice")] {
        let claim = TenantScope::claim(tenant, Principal::User(user.to_owned()));
        let scope = claim.verify(&one.registry).await?;
        let payload = WriteStatement { month: "2026-10".to_owned() };
        queue::enqueue(&one.db, &key, &scope, WRITE_STATEMENT, &payload).await?;
        println!("  {} by {user}", scope.record().slug);
    }

    println!(
        "\nWhile they wait, carol's company is suspended, dave leaves, and somebody who can write"
    );
    println!("to the queue makes the last one a job of another tenant.\n");
    database.session().batch(MEANWHILE).await?;

    let (first, second) = tokio::try_join!(queue::work(&one), queue::work(&two))?;
    println!("Two workers took {} jobs, each of them once:", first + second);
    let shared = one.db.shared().await?;
    for job in shared.all(job::Entity::find().order_by_asc(job::Column::Id)).await? {
        println!("  {}: {}", job.id, job.outcome.unwrap_or_default());
    }
    shared.rollback().await?;

    println!("\nAnd for every active tenant, with nobody's claim:");
    let report = for_each_tenant(&one.registry, "monthly statements")
        .at_once(2)
        .run(
            async |scope| {
                let payload = WriteStatement { month: "2026-11".to_owned() };
                queue::enqueue(&one.db, &key, &scope, WRITE_STATEMENT, &payload).await
            },
            // Kept somewhere, a run that was ended goes on from here.
            async |outcome| println!("  {}: {:?}", outcome.tenant, outcome.result),
        )
        .await;
    println!("complete: {}, jobs done: {}", report.is_complete(), queue::work(&two).await?);
    Ok(())
}

const TENANTS: &str = "
    INSERT INTO tenancy.tenants (id, slug, name)
    VALUES (1, 'acme', 'Acme'), (2, 'initech', 'Initech'), (3, 'hooli', 'Hooli');
    INSERT INTO tenancy.members VALUES (1, 'alice'), (2, 'bob'), (2, 'dave'), (3, 'carol');
    ALTER TABLE statement ADD PRIMARY KEY (tenant_id, month);
    INSERT INTO invoice (tenant_id, month, amount)
    SELECT tenant, '2026-1' || n % 2, tenant * n FROM generate_series(1, 3) tenant, generate_series(1, 10) n;";

const MEANWHILE: &str = r#"
    UPDATE tenancy.tenants SET status = 'suspended' WHERE slug = 'hooli';
    DELETE FROM tenancy.members WHERE user_id = 'dave';
    UPDATE job SET envelope = jsonb_set(envelope, '{signed}',
        to_jsonb(replace(envelope ->> 'signed', '"bigint":1', '"bigint":2')))
    WHERE id = (SELECT max(id) FROM job);"#;
