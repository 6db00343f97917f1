//! The database of the demo: a music shop's, on a server of its own.

use tenant_core::{Per, Quota, QuotaFor, Quotas, SealKey, TableName};
use tenant_examples::chinook::Chinook;

use crate::{Result, database::Database, invoices::exports};

/// An example's; yours comes from your secret store (`openssl rand -hex 32`).
const SEAL: &str = "6b1d0c5f0d5e4f3c9a7e2b8d4c6f1a3e5d7b9c0e2f4a6b8d1c3e5f7a9b0d2c4e";

/// Rows of invoices that a tenant may have: enough for the USA's 91.
pub(crate) const MAX_INVOICES: i64 = 93;
/// Exports in a month.
pub(crate) const MAX_EXPORTS: i64 = 2;

/// Each of the shop's customers is a member of the own country's tenant. The database is there as
/// long as the shop is.
pub(crate) async fn create() -> Result<(Chinook, Database)> {
    let key = SealKey::from_hex("k1", SEAL)?;
    let shop = Chinook::create_sealed(&key).await?;
    let database = Database {
        login: shop.login_url(),
        registry: shop.registry_url(),
        admin: shop.admin_url(),
        key,
    };
    shop.customers_are_members().await?;
    let quotas = Quotas::new(shop.database.session());
    let rows = Quota::rows(&TableName::new("invoice")?);
    quotas.set(&rows, &QuotaFor::Everybody, MAX_INVOICES, Per::Ever).await?;
    quotas.set(&exports(), &QuotaFor::Everybody, MAX_EXPORTS, Per::Month).await?;
    Ok((shop, database))
}
