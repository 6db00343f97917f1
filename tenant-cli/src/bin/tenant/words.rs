//! What core says to those who write Rust, said to those who type commands.

/// Core's words, and ours in their place.
const WORDS: [(&str, &str); 21] = [
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
    (
        "no spare tenant is left; add some with `add_spares`, or make one with `create`",
        "no spare tenant is left; your application makes them (`Tenants::add_spares`); or leave out `--spare`",
    ),
    (
        "no spare is left; add some with `add_spares`, or make one with `create`",
        "no spare is left; make some with `spares --keep`, or leave out `--spare`",
    ),
    (
        "and this pool reaches the database `main` alone; build it with \
         `TenantDb::builder(&TENANCY).databases(provider)`, or use that database's own pool",
        "and this is done in the registry's own database alone: bring it here first, with \
         `tenant tenants move --to shared`; what else there is: docs/placement.md",
    ),
    ("`Tenants::add_database`", "`tenant databases add`"),
    ("`Tenants::release`", "`tenant tenants release`"),
    ("`Move::run`", "`tenant tenants move`"),
    ("`Move::cancel`", "`tenant tenants move --cancel`"),
    ("with `Move`", "with `tenant tenants move`"),
    ("with `Erasure`", "with `tenant tenants erase`"),
    ("(`Erasure`)", "(`tenant tenants erase`)"),
    ("(`Isolation::apply`, `Isolation::apply_schema`)", "(`tenant apply`, `tenant schemas apply`)"),
    ("(`Isolation::apply`)", "(`tenant apply`)"),
    ("`Isolation::apply_schema`", "`tenant schemas apply`"),
    ("`Layout::shared_schema`", "`shared_schema` in tenant.toml"),
    ("`retry_unclear`", "`--retry-unclear`"),
    ("Isolation::up(), or Isolation::plan() where tables have rows", "tenant apply"),
];

/// The text with the commands that do it.
pub(crate) fn words(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}
