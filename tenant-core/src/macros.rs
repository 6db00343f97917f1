//! What the adapters' `tenancy!` have in common.

/// The key that a declaration names, or the default.
#[doc(hidden)]
#[macro_export]
macro_rules! __tenancy_key {
    () => {
        $crate::TenantKey::Uuid
    };
    (uuid) => {
        $crate::TenantKey::Uuid
    };
    (bigint) => {
        $crate::TenantKey::Bigint
    };
    (text) => {
        $crate::TenantKey::Text
    };
    ($other:ident) => {
        ::core::compile_error!("the tenants' key is one of `key uuid;`, `key bigint;`, `key text;`")
    };
}

/// The tenant column that an entry names, or the default.
#[doc(hidden)]
#[macro_export]
macro_rules! __tenancy_column {
    () => {
        "tenant_id"
    };
    ($column:ident) => {
        ::core::stringify!($column)
    };
    ($column:literal) => {
        $column
    };
}
