//! What nobody gets: each wall, tried.

use std::fmt::Display;

use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database, EntityTrait};
use tenant_core::{Principal, SqlRegistry, SqlSession, TenantScope, TenantStatus};
use tenant_diesel::prelude::*;
use tenant_examples::{chinook::Chinook, diesel_schema, entity};

use crate::{Result, diesel, seaorm};

/// Tries each wall and says what came of it.
///
/// # Errors
/// When a wall does not hold, or the database is gone.
pub(crate) async fn show(
    shop: &Chinook,
    registry: &SqlRegistry,
    through_seaorm: &seaorm::Shop,
    through_diesel: &diesel::Shop,
) -> Result<()> {
    let usa = Chinook::tenant("USA");
    let canada = Chinook::tenant("Canada");

    println!("No scope, a claim that nobody verified, a tenant's table on a shared handle:");
    println!("  these do not compile. What the compiler says of each is in tests/compile-fail.\n");

    println!("A stranger claims the USA:");
    let stranger = TenantScope::claim(usa.clone(), Principal::User("mallory".into()));
    refused(stranger.verify(registry).await)?;

    println!("A suspended tenant, asked for by its own member:");
    suspend(shop, "canada", TenantStatus::Suspended).await?;
    let suspended = TenantScope::claim(canada.clone(), Principal::User("alice".into()));
    refused(suspended.verify(registry).await)?;
    suspend(shop, "canada", TenantStatus::Active).await?;

    println!("A raw connection with the application's own login, past these crates:");
    let raw = Database::connect(shop.login_url()).await?;
    refused(entity::invoice::Entity::find().all(&raw).await)?;

    let claim = TenantScope::claim(usa, Principal::User("alice".into()));
    let scope = claim.verify(registry).await?;

    println!("A customer written for Canada in the USA's transaction, through SeaORM:");
    let tx = through_seaorm.db.begin(&scope).await?;
    let foreign = entity::customer::ActiveModel {
        first_name: Set("Eve".into()),
        last_name: Set("Foreign".into()),
        email: Set("eve@example.org".into()),
        tenant_id: Set(canada.as_uuid().unwrap_or_default()),
        ..Default::default()
    };
    refused(foreign.insert(&tx).await)?;
    tx.rollback().await?;

    println!("The USA's invoices moved to Canada, through Diesel:");
    let mut tx = through_diesel.db.begin(&scope).await?;
    let invoice = diesel_schema::invoice::table;
    let moved = diesel_schema::invoice::tenant_id.eq(canada.as_uuid().unwrap_or_default());
    refused(::diesel::update(invoice).set(moved).execute(&mut tx).await)?;
    tx.rollback().await?;

    println!("The shared handles read the catalogue:");
    let shared = through_seaorm.db.shared().await?;
    println!("  SeaORM: {} genre is called Rock", seaorm::genres(&shared).await?);
    shared.commit().await?;
    let mut shared = through_diesel.db.shared().await?;
    println!("  Diesel: {} tracks are Rock", diesel::rock_tracks(&mut shared).await?);

    println!("and no invoice, even where the types cannot see it:");
    let sneaky = ::diesel::dsl::sql::<::diesel::sql_types::Bool>("EXISTS (SELECT 1 FROM invoice)");
    let genre = diesel_schema::genre::table;
    refused(genre.filter(sneaky).count().get_result::<i64>(&mut shared).await)?;
    shared.rollback().await?;

    println!("That is the quickstart. Its server is gone when it ends, with all it held.");
    Ok(())
}

async fn suspend(shop: &Chinook, slug: &str, status: TenantStatus) -> Result<()> {
    let sql = "UPDATE tenancy.tenants SET status = $1 WHERE slug = $2 RETURNING id";
    shop.database.session().rows(sql, &[&status.to_string(), slug]).await?;
    Ok(())
}

/// Prints why it was refused. That it was not is an error.
fn refused<T, E: Display>(result: std::result::Result<T, E>) -> Result<()> {
    match result {
        Ok(_) => Err("this was not refused: the isolation does not hold".into()),
        Err(error) => {
            println!("  refused: {error}\n");
            Ok(())
        }
    }
}
