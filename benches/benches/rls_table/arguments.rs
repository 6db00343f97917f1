//! `-- --rows 10000000 --tenants 5000 --rounds 100 --seconds 5`.

use std::time::Duration;

pub(crate) struct Arguments {
    /// Of the table, without the giant tenant's.
    pub(crate) rows: i64,
    /// That have these rows, each as many.
    pub(crate) tenants: i64,
    /// How often each query is measured, at the most…
    pub(crate) rounds: usize,
    /// …and for how long, but at least five times.
    pub(crate) budget: Duration,
}

/// What follows the flag; cargo adds `--bench`, which is nothing to us.
fn number(flag: &str, otherwise: u32) -> u32 {
    let mut arguments = std::env::args().skip_while(|argument| argument != flag).skip(1);
    arguments.next().and_then(|n| n.replace('_', "").parse().ok()).unwrap_or(otherwise)
}

impl Arguments {
    pub(crate) fn read() -> Self {
        Self {
            rows: number("--rows", 200_000).max(10_000).into(),
            tenants: number("--tenants", 500).max(10).into(),
            rounds: number("--rounds", 60) as usize,
            budget: Duration::from_secs(number("--seconds", 2).into()),
        }
    }

    /// A tenant with as many rows as every other.
    pub(crate) fn small(&self) -> i64 {
        self.tenants / 2
    }

    /// The tenant with a twentieth of all rows beside the others'.
    pub(crate) fn giant(&self) -> i64 {
        self.tenants + 1
    }

    pub(crate) fn giants_rows(&self) -> i64 {
        self.rows / 20
    }

    /// One row in so many has what the searches look for.
    pub(crate) fn rare(&self) -> i64 {
        (self.rows / self.tenants).clamp(100, 2500)
    }
}
