//! An application with both ORMs behind one layer, and a proxy in front of each of its databases.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenant_axum::{
    Audience, By, HeaderResolver, HostResolver, Issuer, JwtAlgorithm, JwtKey, JwtResolver,
    PathResolver, Tenant, TenantLayer, TrustedProxies,
};
use tenant_core::{SqlRegistry, SqlSession, TenantKey};
use tenant_diesel::prelude::*;
use tenant_testkit::Proxy;
use tenant_tests::shop::Shop;
use tower::ServiceExt;
use uuid::Uuid;

const SECRET: [u8; 32] = [0x5a; 32];

mod schema {
    diesel::table! { invoices (id) { id -> Int8, amount -> Int4, } }
    diesel::table! { projects (id) { id -> Int8, name -> Text, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
    diesel::table! { features (id) { id -> Int4, code -> Text, } }
}

tenant_diesel::tenancy! {
    pub(crate) static TENANCY;
    tenant { schema::projects, schema::invoices }
    shared { schema::plans, schema::features }
}

/// What the handlers have: two pools, which open nothing by themselves.
#[derive(Clone)]
struct Databases {
    diesel: tenant_diesel::TenantDb,
    seaorm: tenant_seaorm::TenantDb,
}

type Answer = Result<String, (StatusCode, String)>;

fn failed(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn by_diesel(State(db): State<Databases>, tenant: Tenant) -> Answer {
    let mut tx = db.diesel.begin(&tenant).await.map_err(failed)?;
    let invoices = schema::invoices::table.count().get_result::<i64>(&mut tx).await;
    tx.commit().await.map_err(failed)?;
    invoices.map(|count| count.to_string()).map_err(failed)
}

async fn by_seaorm(State(db): State<Databases>, tenant: Tenant) -> Answer {
    let tx = db.seaorm.begin(&tenant).await.map_err(failed)?;
    let rows = tx.raw("SELECT 1 FROM invoices", []).all().await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(rows.len().to_string())
}

pub(crate) struct App {
    pub(crate) shop: Shop,
    /// In front of the database, for the application's own connections.
    pub(crate) database: Proxy,
    /// In front of the same one, for the registry's.
    pub(crate) registry: Proxy,
    router: Router,
}

pub(crate) const HANDLERS: [&str; 2] = ["diesel", "seaorm"];

impl App {
    /// Tenants: acme and bolt have five invoices each, the others differ in what they are. Alice
    /// belongs to all but bolt.
    pub(crate) async fn open() -> Self {
        let shop = Shop::open(&TENANCY).await;
        let rows = "INSERT INTO tenancy.tenants (id, slug, name, status, epoch)
             SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, slug, slug, status, epoch
             FROM (VALUES ('a', 'acme', 'active', 0), ('b', 'bolt', 'active', 0),
                 ('c', 'shut', 'suspended', 0), ('d', 'busy', 'maintenance', 0),
                 ('e', 'gone', 'deleted', 0), ('f', 'raised', 'active', 3)
             ) AS t (n, slug, status, epoch);
             INSERT INTO tenancy.members SELECT id, 'alice' FROM tenancy.tenants WHERE slug <> 'bolt';
             INSERT INTO tenancy.members SELECT id, 'bob' FROM tenancy.tenants WHERE slug = 'bolt'";
        shop.database.session().batch(rows).await.unwrap();
        let (database, registry) =
            (shop.database.proxy().await.unwrap(), shop.database.proxy().await.unwrap());
        let login = database.url(&format!("{}_login", shop.database.name()));
        let databases = Databases {
            diesel: tenant_diesel::TenantDb::connect(login.as_str(), &TENANCY).await.unwrap(),
            seaorm: tenant_seaorm::TenantDb::connect(login, &TENANCY).await.unwrap(),
        };
        let session = registry.url(&format!("{}_registry", shop.database.name()));
        let session = tenant_diesel::PgSession::connect(session.as_str()).await.unwrap();
        let tenants = layer(SqlRegistry::new(session).key(TenantKey::Uuid));
        let router = Router::new()
            .route("/diesel", get(by_diesel))
            .route("/seaorm", get(by_seaorm))
            .route("/t/{tenant}/diesel", get(by_diesel))
            .route("/t/{tenant}/seaorm", get(by_seaorm))
            .layer(tenants)
            .with_state(databases);
        Self { shop, database, registry, router }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (u16, HeaderMap, String) {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }
}

fn layer(registry: SqlRegistry) -> TenantLayer {
    let key = JwtKey::secret(JwtAlgorithm::Hs256, &SECRET).unwrap();
    let tokens = JwtResolver::new(key, Issuer::named("shop"), Audience::named("invoices"));
    let host = HostResolver::subdomain_of("example.com").unwrap();
    let gateway = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
    TenantLayer::new(Arc::new(registry))
        .authenticate(tokens.tenant_claim(["tenant"], By::Id(TENANCY.key())).unwrap())
        .locate(host)
        .locate(PathResolver::parameter("tenant", By::Slug))
        .locate(HeaderResolver::new("x-tenant", By::Slug, gateway).unwrap())
}

/// Alice's claims, in order, of no tenant.
pub(crate) fn claims() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({"iss": "shop", "aud": "invoices", "sub": "alice", "exp": now + 300})
}

pub(crate) fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

/// The tenant of this last digit, as tokens name it.
pub(crate) fn id(digit: u128) -> String {
    Uuid::from_u128(digit).to_string()
}

pub(crate) fn token(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(&SECRET)).unwrap()
}

/// At the domain itself, which is no tenant's.
pub(crate) fn at(path: &str, token: &str) -> Request<Body> {
    let mut request = Request::get(path).header("host", "example.com");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::empty()).unwrap()
}
