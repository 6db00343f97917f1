/// How a transaction is told its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Binding {
    /// `SELECT set_config('app.current_tenant_id', '…', true)`: one normalised entry in
    /// `pg_stat_statements`, whatever the tenant.
    #[default]
    SetConfig,
    /// `SET LOCAL app.current_tenant_id = '…'`: for Citus, which hands this on to its workers and
    /// not `set_config`.
    SetLocal,
    /// `SELECT tenancy.open('…', …)`: a token that the application signs and the database verifies,
    /// so that no SQL inside the transaction can switch the tenant. It wants a
    /// [`Seal`](crate::Seal) on the pool, and its key in the database
    /// ([`SealKeys`](crate::SealKeys)).
    Sealed,
}
