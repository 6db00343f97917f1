//! The same repository: the connection's type is another, the tenant is no argument any more, and
//! the filters can go.

use bigdecimal::BigDecimal;
use diesel::dsl::sum;
use tenant_diesel::{TenantTransaction, prelude::*};
use tenant_examples::diesel_schema::{customer, invoice};

pub(crate) async fn revenue(db: &mut TenantTransaction) -> QueryResult<BigDecimal> {
    let revenue: Option<BigDecimal> =
        invoice::table.select(sum(invoice::total)).get_result(db).await?;
    Ok(revenue.unwrap_or_default())
}

pub(crate) async fn best_customers(
    db: &mut TenantTransaction,
) -> QueryResult<Vec<(String, Option<BigDecimal>)>> {
    invoice::table
        .inner_join(customer::table)
        .group_by(customer::email)
        .select((customer::email, sum(invoice::total)))
        .order(sum(invoice::total).desc())
        .limit(3)
        .load(db)
        .await
}

pub(crate) async fn add_customer(
    db: &mut TenantTransaction,
    name: &str,
    email: &str,
) -> QueryResult<i32> {
    diesel::insert_into(customer::table)
        .values((
            customer::first_name.eq(name),
            customer::last_name.eq("Example"),
            customer::email.eq(email),
        ))
        .returning(customer::customer_id)
        .get_result(db)
        .await
}
