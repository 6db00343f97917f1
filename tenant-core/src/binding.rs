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
}
