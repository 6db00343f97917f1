//! The README's snippets compile, and what it quotes of the compiler is what the compiler says.

use std::{fs, path::Path};

use crate::case::Errors;

const README: &str = include_str!("../../../README.md");

/// The snippets for an adapter, each behind what it takes for granted; one without a declaration
/// gets the first one's.
pub(crate) fn programs(adapter: &str) -> Vec<(String, String)> {
    let prelude =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("readme").join(format!("{adapter}.rs"));
    let prelude = fs::read_to_string(prelude).unwrap();
    let snippets = blocks(&format!("<!-- compiles with {adapter} -->\n```rust\n"));
    let first = snippets[0];
    let declaration = first.split_once("\n}\n").unwrap().0;
    assert!(declaration.contains("tenancy!"), "the first snippet declares the tables");
    snippets
        .iter()
        .enumerate()
        .map(|(at, snippet)| {
            let declaration = if at == 0 { "" } else { declaration };
            let end = if at == 0 { "" } else { "\n}\n" };
            (format!("readme_{at}"), format!("{prelude}{declaration}{end}{snippet}"))
        })
        .collect()
}

/// Snippets that do not compile, and lines that the README puts into the compiler's mouth.
pub(crate) fn complaints(adapter: &str, errors: &Errors) -> Vec<String> {
    let broken = errors
        .iter()
        .filter(|(name, _)| name.starts_with("readme_"))
        .map(|(name, errors)| format!("the README's snippet {name}:\n{}", errors[0].1));
    let mark = format!("<!-- said of {adapter}/");
    let quotes = README.split(mark.as_str()).skip(1);
    let unsaid = quotes.flat_map(|quote| {
        let (name, rest) = quote.split_once(" -->\n```text\n").unwrap();
        let said = errors.get(name).and_then(|errors| errors.first());
        let said = said.map_or("", |(_, rendered)| rendered.as_str());
        let lines = rest.split("```").next().unwrap_or_default().lines();
        lines
            .filter(|line| !said.contains(line.trim()))
            .map(|line| format!("the README quotes of {name}: {line}\nbut it says:\n{said}"))
            .collect::<Vec<_>>()
    });
    broken.chain(unsaid).collect()
}

fn blocks(mark: &str) -> Vec<&'static str> {
    let blocks: Vec<&str> =
        README.split(mark).skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty(), "the README has no block behind {mark}");
    blocks
}
