//! The sealed context, and how a database is judged: `cargo run --bin sealed`.
//!
//! What SQL that somebody injected into the USA's transaction can do without a seal and with one;
//! then what lint, probe and the start-up check say of the database, before and after somebody has
//! broken it.

use std::error::Error;

use bigdecimal::BigDecimal;
use diesel::dsl::sum;
use tenant_core::{Principal, SqlRegistry, SqlSession, TenantScope, Verified};
use tenant_diesel::{
    Binding, CheckIsolation, Isolation, PgSession, Seal, SealKey, SealKeys, TenantDb, prelude::*,
};
use tenant_examples::{
    chinook::Chinook,
    diesel_schema::{TENANCY, invoice},
};

/// An example's; yours comes from your secret store, and `openssl rand -hex 32` makes it.
const SECRET: &str = "6b1d0c5f0d5e4f3c9a7e2b8d4c6f1a3e5d7b9c0e2f4a6b8d1c3e5f7a9b0d2c4e";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let shop = Chinook::create().await?;
    let registry = SqlRegistry::new(PgSession::connect(shop.registry_url()).await?);
    let usa = TenantScope::claim(Chinook::tenant("USA"), Principal::User("alice".into()));
    let usa = usa.verify(&registry).await?;

    println!("Without a seal, SQL injected into the USA's transaction names Canada:");
    let db = TenantDb::connect(shop.login_url(), &TENANCY).await?;
    println!("  revenue: {} (the USA's is 523.06, Canada's 303.96)\n", injected(&db, &usa).await?);

    let key = SealKey::from_hex("k1", SECRET)?;
    let layout = Chinook::layout(&shop.database)?.binding(Binding::Sealed);
    shop.database.install(&Isolation::new(&TENANCY, &layout)?).await?;
    SealKeys::new(shop.database.session()).add(&key).await?;

    println!("With a seal, the same:");
    let db = TenantDb::builder(&TENANCY).seal(Seal::new(key)).connect(shop.login_url()).await?;
    match injected(&db, &usa).await {
        Ok(_) => return Err("this was not refused: the seal does not hold".into()),
        Err(error) => println!("  refused: {error}\n"),
    }

    println!("Lint reads the catalogue, the probe attacks as the application:");
    println!("  {}", db.run_lint(&db.lint()).await?);
    println!("  {}\n", db.run_probe(&db.probe()).await?);

    println!("Somebody switches row security off:");
    let careless = "ALTER TABLE invoice DISABLE ROW LEVEL SECURITY";
    shop.database.session().batch(careless).await?;
    for finding in &db.run_lint(&db.lint()).await?.findings {
        println!("  lint: {} {}: {}", finding.code, finding.object, finding.found);
    }
    let probe = db.run_probe(&db.probe()).await?;
    println!(
        "  probe: {} of {} attempts found something",
        probe.findings.len(),
        probe.attempts.len()
    );
    match TenantDb::connect(shop.login_url(), &TENANCY).await {
        Ok(_) => Err("this was not refused: the start-up check does not hold".into()),
        Err(error) => {
            println!("  a pool: {error}");
            Ok(())
        }
    }
}

/// What an attacker gets who can run SQL in the tenant's transaction: the tenant's revenue, or
/// somebody else's.
async fn injected(db: &TenantDb, scope: &TenantScope<Verified>) -> Result<BigDecimal> {
    let mut tx = db.begin(scope).await?;
    let canada = Chinook::tenant("Canada");
    let attack = format!("SELECT set_config('app.current_tenant_id', '{canada}', true)");
    let mut raw = tx.raw_unchecked("this plays the attacker");
    diesel_async::SimpleAsyncConnection::batch_execute(&mut raw, &attack).await?;
    let revenue: Option<BigDecimal> =
        invoice::table.select(sum(invoice::total)).get_result(&mut tx).await?;
    Ok(revenue.unwrap_or_default())
}
