//! What the documents quote, compiled and never run: `blocks.rs` compares the two, but for the
//! indentation.

#![allow(dead_code, unused_variables, clippy::all, clippy::pedantic)] // they are fragments

use axum::http::{HeaderMap, request::Parts};
use serde::{Deserialize, Serialize};
use tenant_axum::{
    Audience, Authenticated, Issuer, Jwks, JwtAlgorithm, JwtResolver, Named, Refusal, SessionResolver,
};
use tenant_core::{Leakproof, Search, SearchBy};
use tenant_diesel::*;

mod schema {
    diesel::table! { invoices (id) { id -> Int8, } }
}

tenancy! {
    pub(crate) static TENANCY;
    tenant { schema::invoices }
    shared {}
}

pub(crate) type Done = Result<(), Box<dyn std::error::Error>>;

#[derive(Serialize, Deserialize)]
struct WriteStatement {
    month: String,
}

async fn invoice(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<(), Error> {
    db.begin(scope).await?.commit().await
}

async fn keep(outcome: TenantOutcome) {}

#[derive(Clone)]
struct Sessions;

struct Session {
    user: String,
    tenant: Named,
    epoch: i64,
}

impl Sessions {
    async fn find(&self, cookie: String) -> Result<Option<Session>, std::io::Error> {
        Ok(None)
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<String> {
    None
}

/// As much of the crate `reqwest` as is quoted: it would be compiled for nothing else.
mod reqwest {
    use std::io::Error as Failed;

    pub(super) type Error = Failed;

    #[derive(Clone)]
    pub(super) struct Client;

    pub(super) struct Response;

    pub(super) struct Request;

    impl Client {
        pub(super) fn get(&self, url: &str) -> Request {
            Request
        }
    }

    impl Request {
        pub(super) async fn send(self) -> Result<Response, Error> {
            Ok(Response)
        }
    }

    impl Response {
        pub(super) fn error_for_status(self) -> Result<Self, Error> {
            Ok(self)
        }

        pub(super) async fn bytes(self) -> Result<Box<[u8]>, Error> {
            Ok(Box::default())
        }
    }
}

/// `docs/citus.md`
async fn a_distributed_database(session: PgSession, url: &str) -> Done {
    let layout = Layout::new("shop")?.citus();
    Isolation::new(&TENANCY, &layout)?.apply(&session).await?;
    let db = TenantDb::builder(&TENANCY).layout(layout).connect(url).await?;
    Ok(())
}

/// `docs/erasure.md`
async fn an_erasure(session: PgSession, id: TenantId, key: SealKey) -> Done {
    let erasure = Erasure::new(&TENANCY, id).sign_with(&key);
    println!("{}", erasure.plan(&session).await?);          // changes nothing
    let receipt = erasure.run(&session, "alice@support", "request 4711").await?;
    Ok(())
}

/// `docs/export.md`
async fn an_export(session: PgSession, tenant: TenantId, other: TenantId, mut stream: Vec<u8>) -> Done {
    let export = Export::new(&TENANCY, tenant, "alice@support", "request 4711");
    let manifest = export.to_folder(&session, "export-acme").await?;     // `session` logs in as shop_admin
    export.to_tar(&session, &mut stream).await?;                         // or as one stream

    verify_export("export-acme")?;                                       // without a database
    Import::new(&TENANCY, "export-acme").into_tenant(other).run(&session, "alice@support", "request 4712").await?;
    Ok(())
}

/// `docs/isolation.md`
async fn a_plan(session: PgSession, layout: Layout, first_tenant: TenantId) -> Done {
    let isolation = Isolation::new(&TENANCY, &layout)?
        .backfill(TableName::new("customers")?, Backfill::Value(first_tenant))?;
    let plan = isolation.plan(&session).await?;
    println!("{plan}");
    plan.run(&session).await?;
    Ok(())
}

/// `docs/jobs.md`
async fn a_job(key: JobKey, keys: Vec<JobKey>, scope: TenantScope<Verified>, month: String, registry: SqlRegistry, db: TenantDb) -> Done {
    // where the job is made
    let job = SignedJob::new(&key, "write-statement", &scope, &WriteStatement { month })?;
    // … into the queue, as JSON; in the worker:
    let (claim, job) = job.open::<WriteStatement>(&keys, "write-statement")?;
    let scope = claim.verify(&registry).await?;
    let tx = db.begin(&scope).await?;
    Ok(())
}

/// `docs/jobs.md`
async fn for_all(registry: SqlRegistry, kept: TenantsReport, db: TenantDb) -> Done {
    let report = for_each_tenant(&registry, "nightly invoices")
        .at_once(8)
        .resume(kept)                         // of the run before, if there was one
        .run(async |scope| invoice(&db, &scope).await, async |outcome| keep(outcome).await)
        .await;
    Ok(())
}

/// `docs/placement.md`
async fn another_database(admin: PgSession) -> Done {
    let tenants = Tenants::new(&admin, TENANCY.key(), "alice@ops");
    tenants.add_database("eu-1", Some("eu")).await?;
    tenants.create(NewTenant::new("acme", "Acme").placement(Placement::schema("eu-1", "acme")?).region("eu")).await?;
    Ok(())
}

/// `docs/placement.md`
async fn a_schema(session: PgSession) -> Done {
    // once: the shared tables, and types, in a schema that holds no tenant table
    let layout = Layout::new("shop")?.shared_schema("common")?;
    let isolation = Isolation::new(&TENANCY, &layout)?;
    isolation.apply(&session).await?;
    // per tenant, when its tables are there: the same walls as on the shared ones
    isolation.apply_schema(&session, "acme").await?;
    Ok(())
}

/// `docs/poolers.md`
async fn a_pooler(url: &str) -> Done {
    TenantDb::builder(&TENANCY).pooler(Pooler::Transaction).connect(url).await?;
    Ok(())
}

/// `docs/predicates.md`
async fn marks(layout: Layout) -> Done {
    let isolation = Isolation::new(&TENANCY, &layout)?
        .leakproof(Leakproof::FullText)
        .leakproof(Leakproof::Numeric);
    Ok(())
}

/// `docs/predicates.md`
async fn a_search(layout: Layout) -> Done {
    let words = SearchBy::Words { column: "words".into(), configuration: "english".into() };
    let isolation = Isolation::new(&TENANCY, &layout)?
        .search(Search::new("notes", TableName::new("notes")?, "id", words).newest_first("id"))?;
    Ok(())
}

/// `docs/probe.md`
async fn a_probe(session: PgSession, layout: Layout) -> Done {
    let report = Probe::new(&TENANCY).layout(&layout).run(&session).await?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

/// `docs/quotas.md`
async fn quotas(session: PgSession, layout: Layout, invoices: TableName, mut tx: TenantTransaction) -> Done {
    // once, where the isolation is installed: count the rows of this table
    let isolation = Isolation::new(&TENANCY, &layout)?.row_quota(TableName::new("invoices")?)?;

    // limits, with the admin's login
    let quotas = Quotas::new(&session);
    quotas.set(&Quota::rows(&invoices), &QuotaFor::Plan("free".into()), 100, Per::Ever).await?;
    quotas.set(&Quota::counter("exports"), &QuotaFor::Everybody, 5, Per::Month).await?;

    // in a tenant's transaction
    if !tx.quota(&Quota::rows(&invoices)).await?.has_room_for(1) { /* a friendly answer */ }
    tx.use_quota(&Quota::counter("exports"), 1).await?;   // Error::QuotaExceeded when none is left
    Ok(())
}

/// `docs/registry.md`
async fn a_cache() -> Done {
    use tenant_diesel::{CachedRegistry, PgSession, SqlRegistry};

    let url = "postgres://shop_registry@localhost/shop";
    let registry = SqlRegistry::new(PgSession::connect(url).await?).key(TENANCY.key());
    let registry = CachedRegistry::new(registry);
    // a session of its own; one task per process
    tokio::spawn(registry.watch(PgSession::connect(url).await?));
    Ok(())
}

/// `docs/requests.md`
async fn sessions(sessions: Sessions) -> Done {
    let session = SessionResolver::new(move |parts: Parts| {
        let sessions = sessions.clone();
        async move {
            let Some(cookie) = session_cookie(&parts.headers) else { return Ok(None) };
            let session = sessions.find(cookie).await.map_err(Refusal::unavailable)?;
            let session = session.ok_or_else(|| Refusal::bad_credentials("no such session"))?;
            Ok(Some(Authenticated::user(session.user).tenant(session.tenant).epoch(session.epoch)))
        }
    });
    Ok(())
}

/// `docs/requests.md`
fn a_key_set(client: reqwest::Client) -> Done {
    let keys = Jwks::new([JwtAlgorithm::Rs256], move || {
        let client = client.clone(); // a `reqwest::Client`
        async move {
            let answer = client.get("https://id.example.com/.well-known/jwks.json").send().await?;
            Ok::<_, reqwest::Error>(answer.error_for_status()?.bytes().await?.to_vec())
        }
    })?;
    let tokens = JwtResolver::new(keys, Issuer::named("https://id.example.com"), Audience::named("invoices"));
    Ok(())
}

/// `docs/seal.md`
async fn a_seal(session: PgSession, key: SealKey, url: &str) -> Done {
    let layout = Layout::new("shop")?.binding(Binding::Sealed);
    let isolation = Isolation::new(&TENANCY, &layout)?;
    isolation.apply(&session).await?;                  // or its plan, or its migration
    SealKeys::new(&session).add(&key).await?;
    // in the application
    let db = TenantDb::builder(&TENANCY).seal(Seal::new(key)).connect(url).await?;
    Ok(())
}

/// `docs/support.md`
async fn support() -> Done {
    let admin = AdminDb::connect("postgres://shop_admin@localhost/shop", &TENANCY).await?;
    let scope = CrossTenantScope::new("alice@support", "ticket 4711")?;
    let tx = admin.begin(&scope).await?;          // repository code and queries as they are
    Ok(())
}

/// `docs/support.md`
async fn the_log(session: PgSession, id: TenantId) -> Done {
    let log = AuditLog::new(&session);
    log.record(&AuditRecord::new(AuditEvent::Other("plan_changed".into()), "alice@support").tenant(&id)).await?;
    let head = log.verify(None).await?;           // keep it somewhere else
    log.verify(Some(&head)).await?;               // and begin there the next time
    Ok(())
}

/// `docs/support.md`
async fn a_sink(registry_session: PgSession, url: &str) -> Done {
    let (sink, recording) = AuditSink::new(registry_session);      // as `shop_registry`
    tokio::spawn(recording);
    let db = TenantDb::builder(&TENANCY).audit_sink(sink).connect(url).await?;
    Ok(())
}

/// `docs/support.md`
fn a_tripwire(sink: AuditSink, hundred: std::num::NonZeroU32) {
    let watched = TenantDb::builder(&TENANCY).tripwire(Tripwire::every_statement()).audit_sink(sink);
    let sampled = TenantDb::builder(&TENANCY).tripwire(Tripwire::one_statement_in(hundred));
}

/// `docs/tenants.md`
async fn tenants(session: PgSession) -> Done {
    let tenants = Tenants::new(&session, TENANCY.key(), "alice@support")
        .seed("INSERT INTO settings (name, value) VALUES ('theme', 'light')");

    let new = NewTenant::new("acme", "Acme Inc.")
        .plan("free")
        .administrator("user-4711")
        .idempotency_key("signup-0815");
    let acme = tenants.create(new).await?;

    tenants.suspend(&acme.id, "unpaid since March").await?;
    Ok(())
}
