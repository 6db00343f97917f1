//! Every Rust block of the guide is compiled somewhere.

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
            // Compiled with this test; or, where it wants features, with all targets and features.
            assert!(
                file.starts_with("examples/")
                    || file.starts_with("tenant-") && file.contains("/tests/"),
                "{file}: it is not known to be compiled"
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
        _ => Err("quote it with `<!-- from examples/… -->`, so that it is compiled".to_owned()),
    }
}

#[test]
fn every_rust_block_is_compiled() {
    let mut compiled = 0;
    let mut complaints = Vec::new();
    for path in pages::all() {
        let (blocks, _) = pages::split(&pages::text(&path));
        let rust = blocks.iter().filter(|b| b.info.split(',').next() == Some("rust"));
        for block in rust {
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
