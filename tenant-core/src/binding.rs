/// How a transaction is told its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Binding {
    /// [`SetLocal`](Self::SetLocal), which costs the server the least; but
    /// [`SetConfig`](Self::SetConfig) where it counts statements by their text, as `pg_stat_statements`
    /// does before PostgreSQL 18, and each tenant would have an entry of its own. A pool asks when it
    /// opens; one that asks nothing uses `SetConfig`.
    #[default]
    Automatic,
    /// `SELECT set_config('app.current_tenant_id', '…', true)`: one normalised entry in
    /// `pg_stat_statements`, whatever the tenant.
    SetConfig,
    /// `SET LOCAL app.current_tenant_id = '…'`: some 20 µs of the server's time less than a `SELECT`. For
    /// Citus, too, which hands this on to its workers and not `set_config`.
    SetLocal,
    /// `SELECT tenancy.open('…', …)`: a token that the application signs and the database verifies,
    /// so that no SQL inside the transaction can switch the tenant. It wants a
    /// [`Seal`](crate::Seal) on the pool, and its key in the database
    /// ([`SealKeys`](crate::SealKeys)).
    Sealed,
    /// The same, and what was opened is kept by the server itself: in a parameter that the owner's
    /// functions may set and nobody else, so that no statement has to verify a signature. A statement
    /// then costs what it costs without a seal, and a parallel query's workers may ask for the tenant.
    ///
    /// A superuser has to allow that, once: [`Isolation`](crate::Isolation) does where a superuser runs
    /// it, and else says how. Where nobody can, there is [`Sealed`](Self::Sealed).
    Guarded,
}

impl Binding {
    /// Whether the database believes what a [`Seal`](crate::Seal) has signed, and nothing else.
    pub const fn is_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::Guarded)
    }
}
