//! `.for_tenant(&tx)`: the tenant, said once more where the planner sees it.

use diesel::{
    dsl::Filter,
    query_builder::{DeleteStatement, UpdateStatement},
    query_dsl::methods::FilterDsl,
    query_source::QuerySource,
};
use tenant_core::TenantId;

use super::predicate::{Narrowed, OfTenants, Says, TenantIs};
use crate::internals::{BoxedSelectStatement, FromClause, SelectStatement};

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
/// # mod schema {
/// #     diesel::table! { invoices (id) { id -> Int8, total -> Int4, } }
/// # }
/// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
/// use schema::invoices;
/// use tenant_diesel::{TenantTransaction, prelude::*};
///
/// async fn unpaid(tx: &mut TenantTransaction) -> QueryResult<i64> {
///     invoices::table.filter(invoices::total.gt(0)).for_tenant(tx).count().get_result(tx).await
/// }
/// ```
///
/// It is for SELECT, UPDATE and DELETE, boxed ones too. Of an inner join it names the tenant of both
/// sides, of a left join that of the left one; of an alias or a subselect nothing.
///
/// # Cost
/// A statement with a tenant in its text is not cached: it is parsed and planned each time, and
/// on an async connection costs one round trip more. Use it where the plan is worth that; the
/// adapter adds it nowhere by itself.
pub trait ForTenant: Sized {
    /// Adds the predicate. It takes the tenant of this transaction, and holds nothing of it.
    fn for_tenant<H: OneTenant>(self, tx: &H) -> Filter<Self, Self::Predicate>
    where
        Self: TenantQuery + FilterDsl<<Self as TenantQuery>::Predicate>,
    {
        let literal = tx.tenant().sql_literal();
        self.filter(Self::predicate(&literal))
    }
}

impl<Q> ForTenant for Q {}

/// A query whose rows belong to tenants.
#[diagnostic::on_unimplemented(
    message = "`.for_tenant(&tx)` is for a tenant's table, and this query is on `{Self}`",
    label = "not a SELECT, UPDATE or DELETE on a table that `tenancy!` declares under `tenant`",
    note = "if its rows belong to tenants, declare the table in `tenant_diesel::tenancy!`, under `tenant {{ … }}`",
    note = "if all tenants share it, leave `.for_tenant(&tx)` out"
)]
pub trait TenantQuery {
    /// What is said of its rows.
    type Predicate;

    #[doc(hidden)]
    fn predicate(literal: &str) -> Self::Predicate;
}

impl<F, S, D, W, O, L, G, H, LC> TenantQuery
    for SelectStatement<FromClause<F>, S, D, W, O, L, G, H, LC>
where
    F: QuerySource + Narrowed,
    F::Predicate: Says,
{
    type Predicate = F::Predicate;

    fn predicate(literal: &str) -> Self::Predicate {
        F::predicate(literal)
    }
}

impl<ST, F, DB, GB> TenantQuery for BoxedSelectStatement<'_, ST, FromClause<F>, DB, GB>
where
    F: QuerySource + Narrowed,
    F::Predicate: Says,
{
    type Predicate = F::Predicate;

    fn predicate(literal: &str) -> Self::Predicate {
        F::predicate(literal)
    }
}

impl<T: QuerySource + OfTenants, W, V, R> TenantQuery for UpdateStatement<T, W, V, R> {
    type Predicate = TenantIs<T>;

    fn predicate(literal: &str) -> Self::Predicate {
        TenantIs::new(literal)
    }
}

impl<T: QuerySource + OfTenants, W, R> TenantQuery for DeleteStatement<T, W, R> {
    type Predicate = TenantIs<T>;

    fn predicate(literal: &str) -> Self::Predicate {
        TenantIs::new(literal)
    }
}

mod sealed {
    use super::TenantId;

    pub trait Whose {
        fn tenant(&self) -> &TenantId;
    }
}

/// A handle that has a tenant: [`TenantTransaction`](crate::TenantTransaction), of either kind.
/// Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no tenant",
    note = "a tenant's transaction has: `let mut tx = db.begin(&scope).await?;`"
)]
pub trait OneTenant: sealed::Whose {}

macro_rules! one_tenant {
    ($($transaction:ty),+) => {
        $(
            impl sealed::Whose for $transaction {
                fn tenant(&self) -> &TenantId {
                    self.tenant_id()
                }
            }

            impl OneTenant for $transaction {}
        )+
    };
}
one_tenant!(crate::TenantTransaction);
#[cfg(feature = "blocking")]
one_tenant!(crate::blocking::TenantTransaction);
