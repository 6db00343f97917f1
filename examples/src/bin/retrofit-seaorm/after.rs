//! The same repository: the tenant is no argument any more, and the filters can go. That the
//! connection is a tenant's transaction these functions need not know.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    QueryOrder, QuerySelect, prelude::Decimal,
};
use tenant_examples::entity::{customer, invoice};

pub(crate) async fn revenue(db: &impl ConnectionTrait) -> Result<Decimal, DbErr> {
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
) -> Result<Vec<(String, Option<Decimal>)>, DbErr> {
    invoice::Entity::find()
        .inner_join(customer::Entity)
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
    name: &str,
    email: &str,
) -> Result<i32, DbErr> {
    let customer = customer::ActiveModel {
        first_name: Set(name.to_owned()),
        last_name: Set("Example".to_owned()),
        email: Set(email.to_owned()),
        ..Default::default()
    };
    Ok(customer.insert(db).await?.customer_id)
}
