//! What an entity is to tenants, as a compile-time fact. [`tenancy!`](crate::tenancy) says it once
//! per entity.

use sea_orm::EntityTrait;

/// The kind of a table whose rows belong to tenants.
#[derive(Debug, Clone, Copy)]
pub enum OfTenants {}

/// The kind of a table that all tenants share.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// An entity that `tenancy!` declares, under `tenant` or under `shared`.
///
/// It has one kind: declared twice, the compiler says `conflicting implementations of trait
/// DeclaredOnce`.
#[diagnostic::on_unimplemented(
    message = "the table of `{Self}` is not declared",
    label = "this touches `{Self}`",
    note = "declare its module in `tenant_seaorm::tenancy!`, under `tenant` or under `shared`"
)]
pub trait DeclaredOnce: EntityTrait {
    /// [`OfTenants`] or [`Shared`].
    type Kind;

    /// The column that says whose a row is, if tenants have the rows.
    const OF_TENANTS: Option<&'static str> = None;
}

/// An entity that `tenancy!` declares under `tenant`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared as a tenant's table",
    note = "declare its module under `tenant` in `tenancy!`"
)]
pub trait TenantEntity: DeclaredOnce<Kind = OfTenants> {
    /// The column that says whose a row is.
    const TENANT_COLUMN: &'static str;
}

/// An entity that `tenancy!` declares under `shared`.
#[diagnostic::on_unimplemented(
    message = "the table of `{Self}` is not shared, so it cannot be used on a shared handle",
    label = "this touches `{Self}`, which `tenancy!` does not declare under `shared`",
    note = "if its rows belong to tenants, run it on a tenant's transaction: `let tx = db.begin(&scope).await?;`",
    note = "if all tenants share it, declare its module under `shared` in `tenancy!`"
)]
pub trait SharedEntity: DeclaredOnce<Kind = Shared> {}
