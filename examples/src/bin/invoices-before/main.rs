//! `invoices-api` as it is before the crates: `cargo run --bin invoices-before`.
//!
//! The same routes for invoices, the same queries, in transactions as there; but one login that may do
//! everything, no check whether the tenant is there and active, and a `WHERE` that nobody may forget.
//! `--orm diesel` takes the other ORM; `--forget` leaves the `WHERE` out of the list. It starts a
//! PostgreSQL of its own, unless `DATABASE_URL` names a database.

mod diesel;
mod routes;
mod seaorm;
mod token;

use std::{collections::HashMap, env, error::Error, sync::Arc};

use async_trait::async_trait;
use tenant_examples::{
    chinook::Chinook,
    invoices::{Invoice, NewInvoice, Revenue},
};
use tokio::net::TcpListener;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The shop's invoices. No call may forget whose they are.
#[async_trait]
trait Invoices: Send + Sync {
    async fn list(&self, tenant: Uuid, limit: u32) -> Result<Vec<Invoice>>;
    async fn get(&self, tenant: Uuid, id: i32) -> Result<Option<Invoice>>;
    async fn create(&self, tenant: Uuid, new: NewInvoice) -> Result<Invoice>;
    async fn revenue(&self, tenant: Uuid) -> Result<Revenue>;
    /// Each customer's address, last name and tenant.
    async fn users(&self) -> Result<Vec<(String, String, Uuid)>>;
}

struct State {
    invoices: Box<dyn Invoices>,
    /// By name: the password and the tenant. A demo: yours are hashed, or an identity provider's.
    users: HashMap<String, (String, Uuid)>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (orm, forget) = arguments()?;
    let (url, _demo) = if let Ok(url) = env::var("DATABASE_URL") {
        (url, None)
    } else {
        let shop = Chinook::create_bare().await?;
        (shop.database.superuser_url(), Some(shop))
    };
    let invoices: Box<dyn Invoices> = match orm.as_str() {
        "seaorm" => Box::new(seaorm::Shop::connect(&url, forget).await?),
        "diesel" => Box::new(diesel::Shop::connect(&url, forget).await?),
        other => return Err(format!("`{other}` is no ORM here; take seaorm or diesel").into()),
    };
    let users = invoices.users().await?.into_iter();
    let users = users.map(|(name, password, tenant)| (name, (password, tenant))).collect();
    let router = routes::router(Arc::new(State { invoices, users }));

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!(
        "invoices-before through {orm}. Ctrl-C ends it.\n\nAPI=http://{}",
        listener.local_addr()?
    );
    let ended = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    Ok(axum::serve(listener, router).with_graceful_shutdown(ended).await?)
}

fn arguments() -> Result<(String, bool)> {
    let (mut orm, mut forget) = ("seaorm".to_owned(), false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--orm" => orm = arguments.next().ok_or("--orm wants `seaorm` or `diesel`")?,
            "--forget" => forget = true,
            other => {
                return Err(format!("`{other}` is no option; there are --orm and --forget").into());
            }
        }
    }
    Ok((orm, forget))
}
