use sea_orm::EntityName;
use tenant_core::TableName;

/// Declares an application's tables, once: which belong to tenants, and which are shared.
///
/// It makes the compile-time classification of the entities, and a `LazyLock<Tenancy>` that
/// [`TenantDb::connect`](crate::TenantDb::connect) and [`Isolation`](crate::Isolation) read. Table
/// and schema come from the entities. They are named by their modules, in SeaORM's dense format
/// (`#[sea_orm::model]`) as in the compact one.
///
/// ```
/// mod invoice {
///     use sea_orm::entity::prelude::*;
///
///     #[sea_orm::model]
///     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
///     #[sea_orm(table_name = "invoice")]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///         pub account_id: i64,
///         pub amount: i32,
///     }
///
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// # mod plan {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "plan")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
///
/// tenant_seaorm::tenancy! {
///     /// All tables of the shop.
///     pub static TENANCY;
///     key bigint;                      // or uuid, which is the default, or text
///     tenant { invoice[account_id] }   // the tenant column, where it is not `tenant_id`
///     shared { plan }
/// }
///
/// assert!(TENANCY.check().is_ok());
/// assert_eq!(TENANCY.tenant_tables()[0].column(), "account_id");
/// ```
///
/// An entity in both groups does not compile:
///
/// ```compile_fail,E0119
/// # mod plan {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "plan")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// tenant_seaorm::tenancy! {
///     static TENANCY;
///     tenant { plan }
///     shared { plan }
/// }
/// ```
#[macro_export]
macro_rules! tenancy {
    (
        $(#[$attribute:meta])*
        $visibility:vis static $name:ident;
        $(key $key:ident;)?
        tenant { $($($tenant:ident)::+ $([$column:tt])?),* $(,)? }
        shared { $($($shared:ident)::+),* $(,)? }
    ) => {
        $(#[$attribute])*
        $visibility static $name: ::std::sync::LazyLock<$crate::Tenancy> =
            ::std::sync::LazyLock::new(|| {
                $crate::Tenancy::new($crate::__private::__tenancy_key!($($key)?))
                    $(.tenant_table(
                        $crate::__private::table_name(&$($tenant)::+::Entity),
                        ::std::option::Option::Some(
                            <$($tenant)::+::Entity as $crate::TenantEntity>::TENANT_COLUMN,
                        ),
                    ))*
                    $(.shared_table($crate::__private::table_name(&$($shared)::+::Entity)))*
            });
        $(
            impl $crate::DeclaredOnce for $($tenant)::+::Entity {
                type Kind = $crate::OfTenants;

                const OF_TENANTS: ::std::option::Option<&'static str> =
                    ::std::option::Option::Some(<Self as $crate::TenantEntity>::TENANT_COLUMN);
            }
            impl $crate::TenantEntity for $($tenant)::+::Entity {
                const TENANT_COLUMN: &'static str = $crate::__private::__tenancy_column!($($column)?);
            }
        )*
        $(
            impl $crate::DeclaredOnce for $($shared)::+::Entity {
                type Kind = $crate::Shared;
            }
            impl $crate::SharedEntity for $($shared)::+::Entity {}
        )*
    };
}

/// The table that SeaORM uses for this entity.
pub fn table_name(entity: &impl EntityName) -> Result<TableName, tenant_core::Error> {
    let name = TableName::new(entity.table_name())?;
    match entity.schema_name() {
        Some(schema) => name.in_schema(schema),
        None => Ok(name),
    }
}
