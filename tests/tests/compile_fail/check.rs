use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::case::{Case, Errors};

/// Checks all cases and twins of an adapter, and more programs by name, as the programs of one
/// package in one run of cargo.
pub(crate) fn check(adapter: &str, cases: &[Case], more: &[(String, String)]) -> Errors {
    let package = write_package(adapter, cases, more);
    let output = Command::new(env!("CARGO"))
        .args(["check", "--bins", "--keep-going", "--message-format=json"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-fail-target"))
        // What the outer cargo sets for its own crates would rebuild everything.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut errors = Errors::new();
    let mut programs = 0;
    for message in stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        match message["reason"].as_str() {
            Some("compiler-artifact") if message["target"]["kind"][0] == "bin" => programs += 1,
            Some("compiler-message") if message["message"]["level"] == "error" => {
                let text = |field: &str| message["message"][field].as_str().unwrap_or_default();
                let error = (text("message").to_owned(), text("rendered").to_owned());
                errors.entry(name).or_default().push(error);
            }
            _ => {}
        }
    }
    assert!(
        programs + errors.len() >= 2 * cases.len() + more.len(),
        "cargo did not check everything:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    errors
}

fn write_package(adapter: &str, cases: &[Case], more: &[(String, String)]) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = tests.parent().unwrap();
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("compile-fail-{adapter}"));
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(package.join("src/bin")).unwrap();
    let manifest = fs::read_to_string(tests.join("compile-fail/Cargo.toml.in")).unwrap();
    let root_text = root.to_str().unwrap().replace('\\', "/");
    fs::write(
        package.join("Cargo.toml"),
        manifest.replace("@root@", &root_text).replace("@adapter@", adapter),
    )
    .unwrap();
    // The same versions as everywhere else, without asking a registry.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let library = tests.join("compile-fail").join(adapter).join("lib.rs");
    fs::copy(library, package.join("src/lib.rs")).unwrap();
    let write = |name: &str, source: &str| {
        fs::write(package.join("src/bin").join(format!("{name}.rs")), source).unwrap();
    };
    for case in cases {
        write(&case.name, &case.failing());
        write(&case.twin_name(), &case.twin());
    }
    for (name, source) in more {
        write(name, source);
    }
    package
}
