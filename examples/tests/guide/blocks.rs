//! Every Rust block of the guide is compiled somewhere, or says that it is not.

use std::path::Path;

use crate::pages::{self, Block};

fn unindented(text: &str) -> String {
    text.lines().map(|line| line.trim().to_owned() + "\n").collect()
}

fn is_compiled(path: &Path, block: &Block) -> Result<(), String> {
    match &block.comment {
        // A piece of a program or of a test, word for word.
        Some(comment) if comment.starts_with("from ") => {
            let file = comment.trim_start_matches("from ");
            assert!(
                file.starts_with("examples/"),
                "{file}: only this crate is compiled with this test"
            );
            if unindented(&pages::text(file)).contains(&unindented(&block.text)) {
                Ok(())
            } else {
                Err(format!("it is not what stands in {file}"))
            }
        }
        // `tests/tests/compile_fail/readme.rs` compiles these.
        Some(comment)
            if comment.starts_with("compiles with ") && path == Path::new("README.md") =>
        {
            Ok(())
        }
        // A crate's front page, which its documentation includes.
        _ if path.file_name().is_some_and(|name| name == "README.md")
            && path
                .parent()
                .is_some_and(|folder| folder.to_string_lossy().starts_with("tenant-")) =>
        {
            let library = pages::text(path.with_file_name("src/lib.rs"));
            let included = library.contains("#![doc = include_str!(\"../README.md\")]");
            if included { Ok(()) } else { Err("its crate does not include it".to_owned()) }
        }
        _ => Err("quote it with `<!-- from examples/… -->`, or mark it `rust,ignore`".to_owned()),
    }
}

fn is_marked(block: &Block) -> bool {
    block.info.split(',').any(|word| matches!(word, "ignore" | "no_run" | "compile_fail"))
}

#[test]
fn every_rust_block_is_compiled_or_says_that_it_is_not() {
    let mut compiled = 0;
    let mut complaints = Vec::new();
    for path in pages::all() {
        let (blocks, _) = pages::split(&pages::text(&path));
        let rust = blocks.iter().filter(|b| b.info.split(',').next() == Some("rust"));
        for block in rust.filter(|block| !is_marked(block)) {
            compiled += 1;
            if let Err(why) = is_compiled(&path, block) {
                complaints.push(format!("{}:{}: {why}", path.display(), block.line));
            }
        }
    }
    assert!(compiled > 15, "{compiled}");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn a_block_that_was_changed_is_found() {
    let page = "<!-- from examples/src/lib.rs -->\n```rust\npub mod client;\n```\n";
    let changed = page.replace("client", "clients");
    let check = |page: &str| is_compiled(Path::new("docs/page.md"), &pages::split(page).0[0]);
    assert!(check(page).is_ok());
    assert!(check(&changed).is_err());
    assert!(check("```rust\npub mod client;\n```\n").is_err());
}
