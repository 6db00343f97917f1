//! A small repository layer on SeaORM, as people write it today and as it is afterwards:
//! `cargo run --bin retrofit-seaorm`. Compare `before.rs` with `after.rs`.

mod after;
mod before;

use std::error::Error;

use sea_orm::Database;
use tenant_examples::{chinook::Chinook, entity::TENANCY};
use tenant_seaorm::{PgSession, Principal, SqlRegistry, TenantDb, TenantScope};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let shop = Chinook::create().await?;
    let usa = Chinook::tenant("USA");

    // Before: one login for everything, the tenant an argument that every function must not forget.
    let connection = Database::connect(shop.database.superuser_url()).await?;
    let tenant = usa.as_uuid().unwrap_or_default();
    println!("before: the USA's revenue      {}", before::revenue(&connection, tenant).await?);
    println!("before: with the WHERE forgotten {}", before::revenue_forgot(&connection).await?);
    let best = before::best_customers(&connection, tenant).await?;
    println!("before: the best customer      {}", best[0].0);
    let added = before::add_customer(&connection, tenant, "Ann", "ann@example.org").await?;
    println!("before: added customer         {added}\n");

    // After: the pool runs no query, a verified scope opens a transaction, and the functions do
    // not know of tenants.
    let registry = SqlRegistry::new(PgSession::connect(shop.registry_url()).await?);
    let db = TenantDb::connect(shop.login_url(), &TENANCY).await?;
    let scope = TenantScope::claim(usa, Principal::User("alice".into())).verify(&registry).await?;
    let tx = db.begin(&scope).await?;
    println!("after:  the USA's revenue      {}", after::revenue(&tx).await?);
    println!("after:  nothing to forget      {}", after::revenue(&tx).await?);
    let best = after::best_customers(&tx).await?;
    println!("after:  the best customer      {}", best[0].0);
    let added = after::add_customer(&tx, "Bob", "bob@example.org").await?;
    println!("after:  added customer         {added}");
    tx.commit().await?;
    Ok(())
}
