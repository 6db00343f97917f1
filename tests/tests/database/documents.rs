//! `docs/attacks.md` is made from the tests: from what stands over them after `Attack (wall):`, and
//! from the names of the compile-fail cases.

use std::{fs, path::Path};

/// In the order of the walls.
const WALLS: [(&str, &str); 7] = [
    ("types", "1 types"),
    ("roles", "2 roles"),
    ("rows", "3 rows"),
    ("seal", "4 seal"),
    ("watch", "5 watch"),
    // In front of them.
    ("requests", "request layer"),
    // Of exports, before anything of them is believed.
    ("files", "import"),
];

struct Attack {
    wall: usize,
    what: String,
    test: String,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The files below, in a fixed order.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What is said over the tests of one file.
fn attacks_in(file: &Path, attacks: &mut Vec<Attack>) {
    let name = file.strip_prefix(root()).unwrap().display();
    let text = fs::read_to_string(file).unwrap();
    let mut said: Option<(usize, String)> = None;
    let mut tested = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("/// Attack (") {
            let (wall, what) = rest.split_once("): ").unwrap();
            let wall = WALLS.iter().position(|(short, _)| *short == wall).unwrap();
            said = Some((wall, what.to_owned()));
            tested = false;
        } else if line.trim_end().ends_with("test]") {
            tested = true;
        } else if let (Some(more), Some((_, what))) = (line.strip_prefix("/// "), &mut said) {
            // What stands behind an empty line is for the reader of the test.
            if !what.ends_with('.') {
                *what = format!("{what} {more}");
            }
        } else if line.contains("fn ")
            && let Some((wall, what)) = said.take()
        {
            assert!(tested, "{name}: what is said of an attack stands over a test");
            let function = line.split("fn ").nth(1).unwrap().split(['(', '<']).next().unwrap();
            let what = what.trim_end_matches('.').to_owned();
            attacks.push(Attack { wall, what, test: format!("`{function}` in `{name}`") });
        }
    }
}

/// A compile-fail case is called like what it guarantees.
fn compile_fail(attacks: &mut Vec<Attack>) {
    let mut cases = Vec::new();
    files(&root().join("tests/compile-fail"), &mut cases);
    for case in cases.iter().filter(|case| !case.ends_with("lib.rs")) {
        let name = case.strip_prefix(root()).unwrap().display().to_string();
        let sentence = case.file_stem().unwrap().to_string_lossy().replace('_', " ");
        let orm = if name.contains("/diesel/") { "Diesel" } else { "SeaORM" };
        attacks.push(Attack {
            wall: 0,
            what: format!("code against: {sentence} ({orm})"),
            test: format!("`{name}`"),
        });
    }
}

#[test]
fn the_table_of_attacks_is_made_from_the_tests() {
    let mut sources = Vec::new();
    for folder in ["tests/tests", "tenant-seaorm/tests", "tenant-core/tests", "tenant-axum/tests"] {
        files(&root().join(folder), &mut sources);
    }
    let mut attacks = Vec::new();
    for file in sources.iter().filter(|file| !file.ends_with("documents.rs")) {
        attacks_in(file, &mut attacks);
    }
    assert!(attacks.len() > 40, "{}", attacks.len());
    compile_fail(&mut attacks);
    attacks.sort_by_key(|attack| attack.wall);
    let mut table = String::from("| attack | stopped by | test |\n|---|---|---|\n");
    for attack in &attacks {
        let wall = WALLS[attack.wall].1;
        table.push_str(&format!("| {} | {wall} | {} |\n", attack.what, attack.test));
    }
    let path = root().join("docs/attacks.md");
    let document = fs::read_to_string(&path).unwrap();
    let (head, rest) = document.split_once("<!-- attacks -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end of attacks -->").unwrap();
    let wanted = format!("{head}<!-- attacks -->\n{table}<!-- end of attacks -->{tail}");
    if std::env::var_os("WRITE_ATTACKS_MD").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(
        document == wanted,
        "write it anew: WRITE_ATTACKS_MD=1 cargo test -p tenant-tests --test database attacks"
    );
}
