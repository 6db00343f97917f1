//! The repository as people write it today.

use bigdecimal::BigDecimal;
use diesel::{dsl::sum, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tenant_examples::diesel_schema::{customer, invoice};
use uuid::Uuid;

pub(crate) async fn revenue(db: &mut AsyncPgConnection, tenant: Uuid) -> QueryResult<BigDecimal> {
    let revenue: Option<BigDecimal> = invoice::table
        .filter(invoice::tenant_id.eq(tenant))
        .select(sum(invoice::total))
        .get_result(db)
        .await?;
    Ok(revenue.unwrap_or_default())
}

/// The one function of sixty that lacks the filter. It compiles, and all companies' revenue comes
/// back.
pub(crate) async fn revenue_forgot(db: &mut AsyncPgConnection) -> QueryResult<BigDecimal> {
    let revenue: Option<BigDecimal> =
        invoice::table.select(sum(invoice::total)).get_result(db).await?;
    Ok(revenue.unwrap_or_default())
}

pub(crate) async fn best_customers(
    db: &mut AsyncPgConnection,
    tenant: Uuid,
) -> QueryResult<Vec<(String, Option<BigDecimal>)>> {
    invoice::table
        .inner_join(customer::table)
        .filter(invoice::tenant_id.eq(tenant))
        .filter(customer::tenant_id.eq(tenant))
        .group_by(customer::email)
        .select((customer::email, sum(invoice::total)))
        .order(sum(invoice::total).desc())
        .limit(3)
        .load(db)
        .await
}

pub(crate) async fn add_customer(
    db: &mut AsyncPgConnection,
    tenant: Uuid,
    name: &str,
    email: &str,
) -> QueryResult<i32> {
    diesel::insert_into(customer::table)
        .values((
            customer::tenant_id.eq(tenant),
            customer::first_name.eq(name),
            customer::last_name.eq("Example"),
            customer::email.eq(email),
        ))
        .returning(customer::customer_id)
        .get_result(db)
        .await
}
