//! A small application, once per ORM: its repository functions know nothing of placements.

use tenant_core::{TenantScope, Verified};

/// How somebody feels; a type of the shared schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Happy,
    Sad,
}

/// What the application's handlers call, each in a transaction of its own.
pub(crate) trait App {
    /// Takes a customer in, with one order, and says the order's number.
    async fn order(&self, scope: &TenantScope<Verified>, name: &str, mood: Mood, total: i64)
    -> i64;
    /// All customers, with no filter of any kind.
    async fn customers(&self, scope: &TenantScope<Verified>) -> Vec<(String, Mood)>;
    /// Those who feel so, and the sum of their orders, through a join.
    async fn sum(&self, scope: &TenantScope<Verified>, mood: Mood) -> i64;
    /// Raises every order.
    async fn raise(&self, scope: &TenantScope<Verified>, by: i64) -> u64;
    /// Takes a customer and the orders away, in a nested transaction, and changes its mind.
    async fn nearly_remove(&self, scope: &TenantScope<Verified>, name: &str);
    /// Reads the plans, which are everybody's.
    async fn plans(&self, scope: &TenantScope<Verified>) -> Vec<String>;
    /// Orders something for a customer of another tenant.
    async fn order_for(&self, scope: &TenantScope<Verified>, customer: i64) -> Result<(), String>;
}
