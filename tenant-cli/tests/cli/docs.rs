//! `docs/cli.md` shows what the program says.

use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

/// Everything behind `<!-- said NAME -->` is the transcript of that name. To write it anew, after the
/// transcripts: `TENANT_WRITE_DOCS=1 cargo test -p tenant-cli --test cli docs`.
#[test]
fn the_document_shows_what_the_program_says() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let mut parts = document.split("<!-- said ");
    let mut wanted = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let (_, rest) = rest.split_once("<!-- end -->").unwrap();
        let path = format!("{}/tests/said/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let said = fs::read_to_string(&path).expect(&path);
        // What has a fence itself stands in a longer one.
        let fence = if said.contains("```") { "````" } else { "```" };
        wanted.push_str(&format!(
            "<!-- said {name} -->\n{fence}text\n{said}{fence}\n<!-- end -->{rest}"
        ));
    }
    if std::env::var_os("TENANT_WRITE_DOCS").is_some() {
        fs::write(DOCUMENT, &wanted).unwrap();
    } else {
        assert!(document == wanted, "docs/cli.md shows something else");
    }
}

/// Every file that it and the page on `adopt` show is read as it stands.
#[test]
fn the_documents_files_are_good() {
    for path in [DOCUMENT, concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/adopt.md")] {
        let document = fs::read_to_string(path).unwrap();
        let parts = document.split("```toml\n").skip(1);
        let files: Vec<&str> = parts.map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(!files.is_empty(), "{path}");
        for file in files {
            tenant_cli::Config::parse(file, path).unwrap();
        }
    }
}
