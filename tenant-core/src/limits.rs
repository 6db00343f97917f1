use std::time::Duration;

/// What a transaction may use at most; they ride along with `BEGIN`.
///
/// They keep one tenant's slow query from being everybody's. They are no wall: SQL that runs inside
/// the transaction may set them anew. What is not named stays as the role, the database or the
/// server has it.
///
/// ```
/// use std::time::Duration;
/// use tenant_core::Limits;
///
/// let free = Limits::new().statement_timeout(Duration::from_secs(2)).work_mem_kib(4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    statement_timeout: Option<Duration>,
    lock_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    work_mem_kib: Option<u32>,
    parallel_workers: Option<u16>,
}

impl Limits {
    /// None.
    pub const fn new() -> Self {
        Self {
            statement_timeout: None,
            lock_timeout: None,
            idle_timeout: None,
            work_mem_kib: None,
            parallel_workers: None,
        }
    }

    /// `statement_timeout`, in whole milliseconds; zero is none.
    pub const fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
        self
    }

    /// `lock_timeout`, in whole milliseconds; zero is none.
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = Some(timeout);
        self
    }

    /// `idle_in_transaction_session_timeout`, in whole milliseconds; zero is none.
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// `work_mem`, in KiB. PostgreSQL takes no less than 64.
    pub const fn work_mem_kib(mut self, kib: u32) -> Self {
        self.work_mem_kib = Some(kib);
        self
    }

    /// `max_parallel_workers_per_gather`; zero keeps a query in its own process.
    pub const fn parallel_workers(mut self, workers: u16) -> Self {
        self.parallel_workers = Some(workers);
        self
    }

    /// These, and of the others what these do not name.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            statement_timeout: self.statement_timeout.or(others.statement_timeout),
            lock_timeout: self.lock_timeout.or(others.lock_timeout),
            idle_timeout: self.idle_timeout.or(others.idle_timeout),
            work_mem_kib: self.work_mem_kib.or(others.work_mem_kib),
            parallel_workers: self.parallel_workers.or(others.parallel_workers),
        }
    }

    /// As they stand in the message that opens a transaction. PostgreSQL's timeouts are `int`s, and
    /// one that is not zero must not become it.
    pub(crate) fn sql(self) -> String {
        let millis = |timeout: Duration| {
            let millis = timeout.as_millis().min(i32::MAX.unsigned_abs().into());
            if timeout.is_zero() { 0 } else { millis.max(1) }
        };
        let settings = [
            ("statement_timeout", self.statement_timeout.map(millis)),
            ("lock_timeout", self.lock_timeout.map(millis)),
            ("idle_in_transaction_session_timeout", self.idle_timeout.map(millis)),
            (
                "work_mem",
                self.work_mem_kib.map(|kib| kib.clamp(64, i32::MAX.unsigned_abs()).into()),
            ),
            ("max_parallel_workers_per_gather", self.parallel_workers.map(|n| n.min(1024).into())),
        ];
        let set = settings.into_iter().filter_map(|(name, value)| Some((name, value?)));
        set.fold(String::new(), |sql, (name, value)| format!("{sql}; SET LOCAL {name} = {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plans_limits_come_before_the_general_ones() {
        let all = Limits::new().statement_timeout(Duration::from_secs(9)).work_mem_kib(1);
        let free = Limits::new().statement_timeout(Duration::from_micros(1));
        assert_eq!(
            free.or(all).sql(),
            "; SET LOCAL statement_timeout = 1; SET LOCAL work_mem = 64"
        );
        assert_eq!(Limits::new().sql(), "");
        let none = Limits::new().lock_timeout(Duration::ZERO).idle_timeout(Duration::MAX);
        assert_eq!(
            none.sql(),
            "; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 2147483647"
        );
    }
}
