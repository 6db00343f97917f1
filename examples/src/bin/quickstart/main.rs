//! Tenant isolation on real data, through SeaORM and through Diesel: `cargo run --bin quickstart`.
//!
//! It starts a PostgreSQL of its own, loads a music shop's invoices, and makes a tenant of each of
//! the 24 countries that it sells to. Then it shows what each of them sees, and what nobody gets.

mod diesel;
mod seaorm;
mod walls;

use std::error::Error;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use tenant_core::{Principal, SqlRegistry, TenantScope};
use tenant_examples::chinook::Chinook;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let shop = Chinook::create().await?;
    println!("Server: {}", shop.database.server().describe());
    println!("Data: the invoices of a music shop; each of its 24 billing countries is a tenant.\n");

    // The registry is a table; it has a login of its own, and no other role can read it.
    let registry = SqlRegistry::new(tenant_diesel::PgSession::connect(shop.registry_url()).await?);

    let through_seaorm = seaorm::Shop::connect(&shop).await?;
    let through_diesel = diesel::Shop::connect(&shop).await?;
    println!(
        "SELECT sum(total), count(*) FROM invoice   -- no WHERE, in the scope of each tenant\n"
    );
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["tenant", "SeaORM: sum", "invoices", "Diesel: sum", "invoices"]);
    let (mut sum, mut invoices) = (bigdecimal::BigDecimal::from(0), 0);
    for (country, id) in &shop.countries {
        let claim = TenantScope::claim(id.clone(), Principal::User("alice".into()));
        let scope = claim.verify(&registry).await?;
        let seaorm = through_seaorm.revenue(&scope).await?;
        let diesel = through_diesel.revenue(&scope).await?;
        sum += &diesel.0;
        invoices += diesel.1;
        table.add_row([
            country.clone(),
            seaorm.0.to_string(),
            seaorm.1.to_string(),
            diesel.0.to_string(),
            diesel.1.to_string(),
        ]);
    }
    table.add_row([
        "all 24".into(),
        String::new(),
        String::new(),
        sum.to_string(),
        invoices.to_string(),
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}\n");

    walls::show(&shop, &registry, &through_seaorm, &through_diesel).await
}
