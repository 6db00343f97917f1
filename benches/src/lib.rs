//! A small harness for benchmarks that need a server: variants take turns within one run, so that
//! whatever else the machine does hits them alike, and their medians are compared as ratios.

// It is the benchmarks' own: a failure here ends them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod modes;
pub mod plot;
pub mod results;
pub mod shop;

use std::time::Duration;

/// The durations of one variant.
#[derive(Debug, Default, Clone)]
pub struct Samples {
    taken: Vec<Duration>,
}

impl Samples {
    /// One more.
    pub fn push(&mut self, took: Duration) {
        self.taken.push(took);
    }

    /// The duration that this share of them does not exceed, in microseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.taken.clone();
        sorted.sort_unstable();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let at = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
        sorted.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e6)
    }
}

/// The one in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What stands behind `--name` on the command line, as a number.
pub fn argument(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != &format!("--{name}"));
    arguments.nth(1)?.parse().ok()
}

/// Prints a table in Markdown: median and 99th percentile in microseconds, and the median as a
/// ratio to the first variant's and as a difference to it.
pub fn print(title: &str, rows: &[(&str, Samples)]) {
    println!("\n### {title}\n");
    println!("| | median, µs | p99, µs | ratio | more than none, µs |");
    println!("|---|---|---|---|---|");
    let none = rows.first().map_or(0.0, |(_, samples)| samples.quantile(0.5));
    for (name, samples) in rows {
        let median = samples.quantile(0.5);
        println!(
            "| {name} | {median:.1} | {:.1} | {:.2} | {:.1} |",
            samples.quantile(0.99),
            median / none,
            median - none
        );
    }
}
