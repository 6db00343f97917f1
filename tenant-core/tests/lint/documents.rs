//! `docs/lints.md` and `docs/lint-examples.md` are made from the rules.

use std::{fs, path::Path};

use tenant_core::{Lint, Rule};

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
         Each code leads to the rule's example, and can be linked to: `docs/lints.md#ten131`.\n",
        Lint::rules().len()
    );
    for (range, title) in RANGES {
        text.push_str(&format!(
            "\n## {title}\n\n| code | name | severity | finds | why |\n|---|---|---|---|---|\n"
        ));
        for rule in Lint::rules().iter().filter(|rule| rule.code.starts_with(range)) {
            text.push_str(&format!(
                "| <a id=\"{0}\"></a>[{1}](lint-examples.md#{0}) | `{2}` | {3}{4} | {5} | {6} [Source]({7}) |\n",
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

/// SQL as it stands in a rule, without the indentation that all of its lines have.
fn sql(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    // A text that begins behind its quote has its first line further left than the others.
    let others = lines.iter().skip(1).map(indentation).min().unwrap_or(0);
    let bare = lines.iter().map(|line| &line[others.min(indentation(line))..]);
    bare.collect::<Vec<_>>().join("\n")
}

fn section(rule: &Rule) -> String {
    let example = |title: &str, text: &str| match sql(text) {
        nothing if nothing.is_empty() => format!("{title}: the application as it was installed.\n"),
        sql => format!("{title}:\n\n```sql\n{sql}\n```\n"),
    };
    format!(
        "\n## <a id=\"{}\"></a>{} `{}`\n\n**{}**{}. {} {} [Source]({})\n\n{}\n{}",
        rule.code.to_lowercase(),
        rule.code,
        rule.name,
        rule.severity,
        if rule.startup { ", *start-up*" } else { "" },
        rule.finds,
        rule.why,
        rule.source,
        example(&format!("Found on `{}` after", rule.example.object), rule.example.triggers),
        example("Not found after", rule.example.clean),
    )
}

fn examples() -> String {
    let mut text = String::from(
        "# Lints by example\n\n\
         For each rule of the [list](lints.md) a change in which it finds something, and nearly the same in which it does\n\
         not. Both run in the tests, on one application: the tenant tables `invoices` and `projects` and the shared table\n\
         `plans`, as `Isolation` leaves them; `{prefix}` is its roles'. `-- server 150002` is the version as which it is\n\
         judged, `-- needs 170000` the oldest one that knows the statement, `-- also TEN201` what else is found.\n",
    );
    text.extend(Lint::rules().iter().map(section));
    text
}

#[test]
fn the_documents_of_lints_are_made_of_the_rules() {
    for (name, wanted) in [("lints.md", table()), ("lint-examples.md", examples())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        if std::env::var_os(WRITE).is_some() {
            fs::write(&path, &wanted).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == wanted,
            "docs/{name} is not what the rules say: \
             {WRITE}=1 cargo test -p tenant-core --test lint documents"
        );
    }
}
