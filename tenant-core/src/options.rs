/// Isolation level and access of a transaction.
///
/// ```
/// use tenant_core::TransactionOptions;
///
/// let report = TransactionOptions::default().repeatable_read().read_only();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TransactionOptions {
    level: Option<&'static str>,
    access: Option<&'static str>,
    deferrable: bool,
}

impl TransactionOptions {
    /// `ISOLATION LEVEL READ COMMITTED`
    pub const fn read_committed(mut self) -> Self {
        self.level = Some(" ISOLATION LEVEL READ COMMITTED");
        self
    }

    /// `ISOLATION LEVEL REPEATABLE READ`
    pub const fn repeatable_read(mut self) -> Self {
        self.level = Some(" ISOLATION LEVEL REPEATABLE READ");
        self
    }

    /// `ISOLATION LEVEL SERIALIZABLE`
    pub const fn serializable(mut self) -> Self {
        self.level = Some(" ISOLATION LEVEL SERIALIZABLE");
        self
    }

    /// `READ ONLY`
    pub const fn read_only(mut self) -> Self {
        self.access = Some(" READ ONLY");
        self
    }

    /// `READ WRITE`
    pub const fn read_write(mut self) -> Self {
        self.access = Some(" READ WRITE");
        self
    }

    /// `DEFERRABLE`: with `SERIALIZABLE READ ONLY`, wait for a safe snapshot.
    pub const fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    pub(crate) fn begin_sql(self) -> String {
        let deferrable = if self.deferrable { " DEFERRABLE" } else { "" };
        let (level, access) = (self.level.unwrap_or_default(), self.access.unwrap_or_default());
        format!("BEGIN{level}{access}{deferrable}")
    }
}
