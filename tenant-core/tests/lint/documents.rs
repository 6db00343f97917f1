//! `docs/lints.md` is made from the rules.

use std::{fs, path::Path};

use tenant_core::Lint;

/// Set, the table is written instead of compared.
const WRITE: &str = "WRITE_LINTS_MD";

const RANGES: [(&str, &str); 8] = [
    ("TEN0", "Row security and policies"),
    ("TEN1", "Roles and grants"),
    ("TEN2", "Tables, keys and indexes"),
    ("TEN3", "Views and functions"),
    ("TEN4", "Server and settings"),
    ("TEN5", "The schema `tenancy`"),
    ("TEN6", "Citus"),
    ("TEN9", "Suppressions"),
];

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn table() -> String {
    let mut text = format!(
        "# Lints\n\n\
         What `lint(&session, &tenancy)` finds: {} rules, each with a schema that triggers it and one\n\
         that does not, which the tests run. Made from the rules by `WRITE_LINTS_MD=1 cargo test\n\
         -p tenant-core --test lint documents`.\n\n\
         **error**: a tenant can reach another's rows, or nobody can say whether it can. **warning**:\n\
         one more mistake, and it can. **info**: worth knowing. A pool does not open on what is marked\n\
         *start-up*, answered or not.\n\n\
         Any login can run it, since it reads the catalogue alone: `lint(&session, &tenancy)`, `Lint::new(…)`\n\
         with a layout of yours, or `db.run_lint(&db.lint())` with a pool's own. `Report` prints as text and\n\
         serialises as JSON; with the feature `report` of an adapter there is `table(width)` for terminals and\n\
         `sarif()` for code hosts.\n\n\
         A finding that may stay is answered with a reason, in code\n\
         (`Lint::new(&tenancy).suppress(\"TEN131\", \"table public.plans\", \"…\")`) or by a comment on the\n\
         object: `COMMENT ON TABLE plans IS 'tenancy: allow TEN131 because …'`. It stays in the report.\n\n\
         Each rule can be linked to by its code: `docs/lints.md#ten131`.\n",
        Lint::rules().len()
    );
    for (range, title) in RANGES {
        text.push_str(&format!(
            "\n## {title}\n\n| code | name | severity | finds | why |\n|---|---|---|---|---|\n"
        ));
        for rule in Lint::rules().iter().filter(|rule| rule.code.starts_with(range)) {
            text.push_str(&format!(
                "| <a id=\"{}\"></a>{} | `{}` | {}{} | {} | {} [Source]({}) |\n",
                rule.code.to_lowercase(),
                rule.code,
                rule.name,
                rule.severity,
                if rule.startup { ", *start-up*" } else { "" },
                cell(rule.finds),
                cell(rule.why),
                rule.source,
            ));
        }
    }
    text
}

#[test]
fn the_table_of_lints_is_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lints.md");
    let wanted = table();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/lints.md is not what the rules say: \
         {WRITE}=1 cargo test -p tenant-core --test lint documents"
    );
}
