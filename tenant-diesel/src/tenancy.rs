//! The declaration of an application's tables.

use diesel::{
    pg::{Pg, PgQueryBuilder},
    query_builder::{QueryBuilder, QueryFragment},
};
use tenant_core::{Error, TableName};

use crate::internals::StaticQueryFragment;

/// Declares which tables belong to tenants and which are shared: once per application.
///
/// It makes a `static` [`Tenancy`](crate::Tenancy), which installation and the pool read, and the
/// compile-time classification of every table. A table in both groups, or twice in one, does not
/// compile. A table in neither is refused on both handles. An entry is the table's module,
/// `schema::customers`, not `schema::customers::table`.
///
/// The tenant column is `tenant_id` unless the entry says otherwise, in brackets: `[account_id]`, or
/// `["Account Id"]` for a name that is no Rust identifier. The column need
/// not be in Diesel's `table!`: its default fills it. The key is `uuid` unless declared.
///
/// ```
/// mod schema {
///     diesel::table! { customers (id) { id -> Int8, name -> Text, } }
///     diesel::table! { invoices (id) { id -> Int8, account_id -> Int8, } }
///     diesel::table! { plans (id) { id -> Int4, name -> Text, } }
/// }
///
/// tenant_diesel::tenancy! {
///     pub static TENANCY;
///     key bigint;
///     tenant { schema::customers, schema::invoices[account_id] }
///     shared { schema::plans }
/// }
///
/// assert_eq!(TENANCY.tenant_tables()[1].column(), "account_id");
/// assert!(TENANCY.check().is_ok());
/// ```
#[macro_export]
macro_rules! tenancy {
    (
        $(#[$meta:meta])*
        $visibility:vis static $name:ident;
        $(key $key:ident;)?
        tenant { $($($tenant:ident)::+ $([$column:tt])?),* $(,)? }
        shared { $($($shared:ident)::+),* $(,)? }
    ) => {
        $(#[$meta])*
        $visibility static $name: ::std::sync::LazyLock<$crate::Tenancy> =
            ::std::sync::LazyLock::new(|| {
                $crate::Tenancy::new($crate::__private::__tenancy_key!($($key)?))
                    $(.tenant_table(
                        $crate::__private::table_name::<$($tenant)::+::table>(),
                        ::std::option::Option::Some(
                            <$($tenant)::+::table as $crate::OfTenants>::TENANT_COLUMN,
                        ),
                    ))*
                    $(.shared_table($crate::__private::table_name::<$($shared)::+::table>()))*
            });
        $(
            impl $crate::__private::DeclaredOnce for $($tenant)::+::table {}
            impl $crate::In<$crate::Tenant> for $($tenant)::+::table {}
            impl $crate::In<$crate::Admin> for $($tenant)::+::table {}
            impl $crate::OfTenants for $($tenant)::+::table {
                const TENANT_COLUMN: &'static str = $crate::__private::__tenancy_column!($($column)?);
            }
            impl $crate::__private::Narrowed for $($tenant)::+::table {
                type Predicate = $crate::TenantIs<Self>;

                fn predicate(literal: &str) -> Self::Predicate {
                    $crate::TenantIs::new(literal)
                }
            }
            impl $crate::TenantQuery for $($tenant)::+::table {
                type Predicate = $crate::TenantIs<Self>;

                fn predicate(literal: &str) -> Self::Predicate {
                    $crate::TenantIs::new(literal)
                }
            }
        )*
        $(
            impl $crate::__private::DeclaredOnce for $($shared)::+::table {}
            impl<M> $crate::In<M> for $($shared)::+::table {}
            impl $crate::__private::Narrowed for $($shared)::+::table {
                type Predicate = $crate::__private::Whoever;

                fn predicate(_: &str) -> Self::Predicate {
                    $crate::__private::Whoever
                }
            }
        )*
    };
}

/// A table's name as `table!` has it.
#[doc(hidden)]
pub fn table_name<T>() -> Result<TableName, Error>
where
    T: StaticQueryFragment,
    T::Component: QueryFragment<Pg>,
{
    let mut builder = PgQueryBuilder::default();
    let invalid = |why| Error::InvalidTenancy { why };
    T::STATIC_COMPONENT
        .to_sql(&mut builder, &Pg)
        .map_err(|e| invalid(format!("Diesel could not render a table's name: {e}")))?;
    let sql = builder.finish();
    let mut names = unquote(&sql).into_iter();
    match (names.next(), names.next(), names.next()) {
        (Some(name), None, _) => TableName::new(&name),
        (Some(schema), Some(name), None) => TableName::new(&name)?.in_schema(&schema),
        _ => Err(invalid(format!("`{sql}` is not a table's name"))),
    }
}

/// `"a"."b""c"` → `a`, `b"c`.
fn unquote(sql: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                name.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, '.') => names.push(std::mem::take(&mut name)),
            (_, c) => name.push(c),
        }
    }
    names.push(name);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    diesel::table! { plain (id) { id -> Int4, } }
    diesel::table! { #[sql_name = "Odd \" . Name"] odd (id) { id -> Int4, } }
    diesel::table! { sales.orders (id) { id -> Int4, } }

    #[test]
    fn names_come_out_as_they_went_in() {
        assert_eq!(table_name::<plain::table>().unwrap().to_string(), r#""plain""#);
        assert_eq!(table_name::<odd::table>().unwrap().name(), "Odd \" . Name");
        assert_eq!(table_name::<sales_orders::table>().unwrap().to_string(), r#""sales"."orders""#);
    }

    mod sales_orders {
        pub(super) use super::orders::table;
    }
}
