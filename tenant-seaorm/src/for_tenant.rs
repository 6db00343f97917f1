//! `.for_tenant(&tx)`: the tenant, said once more where the planner sees it.

use sea_orm::{
    ActiveModelTrait, DeleteMany, EntityTrait, QueryFilter, Select, SelectTwo, SelectTwoMany,
    SelectTwoRequired, UpdateMany, ValidatedDeleteOne, ValidatedUpdateOne,
    sea_query::{Alias, Condition, Expr, ExprTrait as _},
};
use tenant_core::TenantId;

use crate::{DeclaredOnce, TenantEntity, TenantTransaction};

/// `.for_tenant(&tx)`, for a tenant's query on a table where the planner should know the tenant.
///
/// Row security holds the tenant in an expression that is evaluated when the statement runs. So the
/// plan is one for an average tenant, over all partitions, and, on Citus, over all shards. This adds
/// `table.tenant_id = '…'`, a literal, to the WHERE clause: the plan is then made for this tenant.
/// The rows are the same with and without it. It is joined to what is there by AND, and row security is
/// asked all the same, so it can narrow and never widen; a tenant that is not the transaction's
/// finds nothing.
///
/// ```
/// # mod invoice {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "invoice")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub total: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # tenant_seaorm::tenancy! { pub static TENANCY; tenant { invoice } shared {} }
/// use sea_orm::{DbErr, entity::*, query::*};
/// use tenant_seaorm::{ForTenant, TenantTransaction};
///
/// async fn unpaid(tx: &TenantTransaction) -> Result<u64, DbErr> {
///     invoice::Entity::find().filter(invoice::Column::Total.gt(0)).for_tenant(tx).count(tx).await
/// }
/// ```
///
/// It is for SELECT, UPDATE and DELETE of entities that `tenancy!` declares under `tenant`. With
/// `find_both_related` it names the tenant of both entities, with other related ones that of the
/// first; of `.join(…)` and subqueries nothing.
///
/// # Cost
/// A statement with a tenant in its text is another one for each tenant: it is prepared anew, which
/// costs one round trip more, and takes a place among the connection's cached ones. Use it where
/// the plan is worth that; the adapter adds it nowhere by itself.
pub trait ForTenant: QueryFilter {
    /// Adds the predicate. It takes the tenant of this transaction, and holds nothing of it.
    #[must_use]
    fn for_tenant(self, tx: &TenantTransaction) -> Self
    where
        Self: TenantQuery,
    {
        let predicate = Self::tenant_is(tx.tenant_id());
        self.filter(predicate)
    }
}

impl<Q: QueryFilter> ForTenant for Q {}

/// A query whose rows belong to tenants.
#[diagnostic::on_unimplemented(
    message = "`.for_tenant(&tx)` is for a tenant's table, and this query is `{Self}`",
    label = "not a SELECT, UPDATE or DELETE of an entity that `tenancy!` declares under `tenant`",
    note = "if its rows belong to tenants, declare its module under `tenant` in `tenancy!`",
    note = "if all tenants share it, leave `.for_tenant(&tx)` out"
)]
pub trait TenantQuery: QueryFilter {
    #[doc(hidden)]
    fn tenant_is(tenant: &TenantId) -> Condition;
}

/// `"invoice"."tenant_id" = '…'::uuid`, where the entity is of tenants.
fn of<E: DeclaredOnce>(condition: Condition, tenant: &TenantId) -> Condition {
    let Some(column) = E::OF_TENANTS else { return condition };
    let table = Alias::new(E::default().table_name());
    let literal = Expr::cust(tenant.sql_literal());
    condition.add(Expr::col((table, Alias::new(column))).eq(literal))
}

macro_rules! for_tenant {
    ($query:ty, $entity:ty, [$($parameter:ident: $bound:path),+]) => {
        impl<$($parameter: $bound),+> TenantQuery for $query
        where
            $entity: TenantEntity,
        {
            fn tenant_is(tenant: &TenantId) -> Condition {
                of::<$entity>(Condition::all(), tenant)
            }
        }
    };
}

for_tenant!(Select<E>, E, [E: EntityTrait]);
for_tenant!(SelectTwo<E, F>, E, [E: EntityTrait, F: EntityTrait]);
for_tenant!(SelectTwoMany<E, F>, E, [E: EntityTrait, F: EntityTrait]);
for_tenant!(UpdateMany<E>, E, [E: EntityTrait]);
for_tenant!(DeleteMany<E>, E, [E: EntityTrait]);
for_tenant!(ValidatedUpdateOne<A>, A::Entity, [A: ActiveModelTrait]);
for_tenant!(ValidatedDeleteOne<E>, E, [E: EntityTrait]);

// An inner join: no row of either side stands without the other.
impl<E: TenantEntity, F: DeclaredOnce> TenantQuery for SelectTwoRequired<E, F> {
    fn tenant_is(tenant: &TenantId) -> Condition {
        of::<F>(of::<E>(Condition::all(), tenant), tenant)
    }
}
