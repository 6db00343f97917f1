//! Names of files, made from names of tables: whatever a table is called, its file lies in the
//! export's folder and nowhere else.

/// How much of a table's name is kept in a file's.
const MOST: usize = 60;

/// `0003-sales.order_lines`: the number keeps apart what the letters do not.
pub(super) fn stem(number: usize, schema: &str, table: &str) -> String {
    let plain = |name: &str| -> String {
        name.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect()
    };
    let mut name = format!("{}.{}", plain(schema), plain(table));
    name.truncate(MOST);
    format!("{number:04}-{name}")
}

/// Whether a manifest may name this file: what [`stem`] makes, with parts and endings.
pub(super) fn is_ours(name: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(allowed)
        && [".ndjson", ".csv"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_table_is_called_its_file_is_one_plain_name(
            schema in r"(\.\.|/|\\|:|\x00|\n|\PC){1,40}",
            table in r"(\.\.|/|\\|:|\x00|\n|\PC){1,40}",
            number in 0usize..100_000,
        ) {
            let name = format!("{}.ndjson", stem(number, &schema, &table));
            let mut parts = Path::new(&name).components();
            prop_assert!(matches!(parts.next(), Some(Component::Normal(_))));
            prop_assert!(parts.next().is_none());
            prop_assert!(is_ours(&name), "{name}");
        }

        #[test]
        fn a_name_that_leaves_the_folder_is_not_ours(name in r"(\.\.|/|\\|a|1|\.ndjson){1,8}") {
            prop_assert!(!is_ours(&name) || Path::new(&name).components().count() == 1);
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["../x.csv", "/etc/passwd", "1/../../x.csv", "1\\x.csv", "manifest.json", ""] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
