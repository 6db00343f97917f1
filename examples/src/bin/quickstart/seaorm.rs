//! The shop's repository in SeaORM.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, prelude::Decimal,
};
use tenant_examples::{
    chinook::Chinook,
    entity::{TENANCY, genre, invoice},
};
use tenant_seaorm::{SharedTransaction, TenantDb, TenantScope, Verified};

use crate::Result;

pub(crate) struct Shop {
    pub(crate) db: TenantDb,
}

impl Shop {
    pub(crate) async fn connect(shop: &Chinook) -> Result<Self> {
        Ok(Self { db: TenantDb::connect(shop.login_url(), &TENANCY).await? })
    }

    pub(crate) async fn revenue(&self, scope: &TenantScope<Verified>) -> Result<(Decimal, i64)> {
        let tx = self.db.begin(scope).await?;
        let revenue = revenue(&tx).await?;
        tx.commit().await?;
        Ok(revenue)
    }
}

/// A repository function as SeaORM's users write it: it takes any connection, names no tenant, and
/// does not know that it runs in one's transaction.
async fn revenue(db: &impl ConnectionTrait) -> std::result::Result<(Decimal, i64), DbErr> {
    let row: Option<(Option<Decimal>, i64)> = invoice::Entity::find()
        .select_only()
        .column_as(invoice::Column::Total.sum(), "sum")
        .column_as(invoice::Column::InvoiceId.count(), "count")
        .into_tuple()
        .one(db)
        .await?;
    let (sum, count) = row.unwrap_or_default();
    Ok((sum.unwrap_or_default(), count))
}

/// On the shared handle: the catalogue.
pub(crate) async fn genres(shared: &SharedTransaction) -> std::result::Result<usize, DbErr> {
    let rock = genre::Entity::find().filter(genre::Column::Name.eq("Rock"));
    Ok(shared.all(rock).await?.len())
}
