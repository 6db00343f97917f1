//! The shop's repository in Diesel.

use bigdecimal::BigDecimal;
use diesel::dsl::{count_star, sum};
use tenant_diesel::{
    SharedTransaction, TenantDb, TenantScope, TenantTransaction, Verified, prelude::*,
};
use tenant_examples::{
    chinook::Chinook,
    diesel_schema::{TENANCY, genre, invoice, track},
};

use crate::Result;

pub(crate) struct Shop {
    pub(crate) db: TenantDb,
}

impl Shop {
    pub(crate) async fn connect(shop: &Chinook) -> Result<Self> {
        Ok(Self { db: TenantDb::connect(shop.login_url(), &TENANCY).await? })
    }

    pub(crate) async fn revenue(&self, scope: &TenantScope<Verified>) -> Result<(BigDecimal, i64)> {
        let mut tx = self.db.begin(scope).await?;
        let revenue = revenue(&mut tx).await?;
        tx.commit().await?;
        Ok(revenue)
    }
}

/// A repository function: the query names no tenant.
async fn revenue(tx: &mut TenantTransaction) -> QueryResult<(BigDecimal, i64)> {
    let (sum, count): (Option<BigDecimal>, i64) =
        invoice::table.select((sum(invoice::total), count_star())).get_result(tx).await?;
    Ok((sum.unwrap_or_default(), count))
}

/// On the shared handle: the catalogue.
pub(crate) async fn rock_tracks(shared: &mut SharedTransaction) -> QueryResult<i64> {
    track::table
        .inner_join(genre::table)
        .filter(genre::name.eq("Rock"))
        .count()
        .get_result(shared)
        .await
}
