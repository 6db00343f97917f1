//! The repository as people write it today.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, prelude::Decimal,
};
use tenant_examples::entity::{customer, invoice};
use uuid::Uuid;

pub(crate) async fn revenue(db: &impl ConnectionTrait, tenant: Uuid) -> Result<Decimal, DbErr> {
    let revenue: Option<Option<Decimal>> = invoice::Entity::find()
        .filter(invoice::Column::TenantId.eq(tenant))
        .select_only()
        .column_as(invoice::Column::Total.sum(), "revenue")
        .into_tuple()
        .one(db)
        .await?;
    Ok(revenue.flatten().unwrap_or_default())
}

/// The one function of sixty that lacks the filter. It compiles, and all companies' revenue comes
/// back.
pub(crate) async fn revenue_forgot(db: &impl ConnectionTrait) -> Result<Decimal, DbErr> {
    let revenue: Option<Option<Decimal>> = invoice::Entity::find()
        .select_only()
        .column_as(invoice::Column::Total.sum(), "revenue")
        .into_tuple()
        .one(db)
        .await?;
    Ok(revenue.flatten().unwrap_or_default())
}

pub(crate) async fn best_customers(
    db: &impl ConnectionTrait,
    tenant: Uuid,
) -> Result<Vec<(String, Option<Decimal>)>, DbErr> {
    invoice::Entity::find()
        .inner_join(customer::Entity)
        .filter(invoice::Column::TenantId.eq(tenant))
        .filter(customer::Column::TenantId.eq(tenant))
        .select_only()
        .column(customer::Column::Email)
        .column_as(invoice::Column::Total.sum(), "revenue")
        .group_by(customer::Column::Email)
        .order_by_desc(invoice::Column::Total.sum())
        .limit(3)
        .into_tuple()
        .all(db)
        .await
}

pub(crate) async fn add_customer(
    db: &impl ConnectionTrait,
    tenant: Uuid,
    name: &str,
    email: &str,
) -> Result<i32, DbErr> {
    let customer = customer::ActiveModel {
        tenant_id: Set(tenant),
        first_name: Set(name.to_owned()),
        last_name: Set("Example".to_owned()),
        email: Set(email.to_owned()),
        ..Default::default()
    };
    Ok(customer.insert(db).await?.customer_id)
}
