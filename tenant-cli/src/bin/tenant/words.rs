//! What core says to those who write Rust, said to those who type commands.

/// Core's words, and ours in their place.
const WORDS: [(&str, &str); 6] = [
    (
        "`SlugRules::allow` lets tenants have it",
        "`allow` below `[slugs]` in tenant.toml lets tenants have it",
    ),
    (
        "install `Isolation::row_quota(table)` first, and name the table with its schema",
        "write `count_rows = true` for it in tenant.toml, then `tenant apply`",
    ),
    ("`Erasure::unregistered`", "`--unregistered`"),
    ("(`and_undeclared`)", "(`--and-undeclared`)"),
    ("(`keep`)", "(`--keep`)"),
    ("Isolation::up(), or Isolation::plan() where tables have rows", "tenant apply"),
];

/// The text with the commands that do it.
pub(crate) fn words(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}
