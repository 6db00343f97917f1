//! Times and sizes, written as PostgreSQL writes them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

const TIMES: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a time as it stands in a `tenant.toml`: a whole number with its unit, or `0`.
///
/// ```
/// assert_eq!(tenant_cli::duration("5min")?, std::time::Duration::from_secs(300));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// With what to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let why = "write a whole number and its unit: 500ms, 2s, 5min, 1h";
    scaled(text, &TIMES).map(Duration::from_millis).ok_or_else(|| why.to_owned())
}

/// `"500ms"`, `"2s"`, `"5min"`, `"1h"`; `"0"` is no limit.
pub(super) fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    let why =
        "write a whole number and its unit: \"500ms\", \"2s\", \"5min\", \"1h\"; \"0\" is no limit";
    duration(&text).map(Some).map_err(|_| D::Error::custom(why))
}

/// `"64kB"`, `"4MB"`, `"1GB"`, in KiB.
pub(super) fn kib<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(from)?;
    let kib = scaled(&text, &[("kB", 1), ("MB", 1024), ("GB", 1024 * 1024)]);
    let why = "write a whole number and its unit, from \"64kB\" to \"2047GB\": \"4MB\"";
    let fits = kib
        .and_then(|kib| u32::try_from(kib).ok())
        .filter(|kib| *kib >= 64 && *kib <= i32::MAX.unsigned_abs());
    fits.map(Some).ok_or_else(|| D::Error::custom(why))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    if number == 0 && unit.is_empty() {
        return Some(0);
    }
    let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_without_its_unit_is_refused() {
        for text in ["", "2", "s", "-1s", "2 m s", "1.5s", "2S", "99999999999999999999s"] {
            assert_eq!(scaled(text, &TIMES), None, "{text:?}");
        }
        assert_eq!(scaled("2 s", &TIMES), Some(2000));
        assert_eq!(scaled("0", &TIMES), Some(0));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_or_refused(text in r"([0-9a-z ]|\PC){0,24}") {
            let _ = duration(&text);
        }
    }
}
