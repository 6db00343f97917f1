//! Which module of which crate a file is.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The crates that files were found in, by their folders.
#[derive(Debug, Default)]
pub(in crate::adopt) struct Crates(BTreeMap<PathBuf, Option<String>>);

/// A module: its crate's name as other crates write it, and the path inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adopt) struct Module {
    pub(in crate::adopt) krate: String,
    pub(in crate::adopt) path: Vec<String>,
}

impl Crates {
    /// The module that a file is, as cargo lays files out; `#[path]` is not followed. A file of a test, an
    /// example or a further program is none that others could name.
    pub(in crate::adopt) fn module(&mut self, file: &Path) -> Option<Module> {
        let (folder, krate) = file
            .ancestors()
            .skip(1)
            .find_map(|folder| Some((folder.to_owned(), self.name(folder)?)))?;
        let inside = file.strip_prefix(folder.join("src")).ok()?;
        let mut path: Vec<String> = inside
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if path.first().is_some_and(|first| first == "bin") {
            return None;
        }
        let last = path.last().map_or("", String::as_str);
        if last == "mod" || path.len() == 1 && ["lib", "main"].contains(&last) {
            path.pop();
        }
        let path = path.iter().map(|name| ident(name)).collect();
        Some(Module { krate, path })
    }

    /// The name of the crate whose folder this is.
    fn name(&mut self, folder: &Path) -> Option<String> {
        self.0.entry(folder.to_owned()).or_insert_with(|| name(&folder.join("Cargo.toml"))).clone()
    }
}

fn name(manifest: &Path) -> Option<String> {
    let text = fs::read_to_string(manifest).ok()?;
    let table: toml::Table = text.parse().ok()?;
    let named = |table: &str, parsed: &toml::Table| {
        Some(parsed.get(table)?.get("name")?.as_str()?.replace('-', "_"))
    };
    named("lib", &table).or_else(|| named("package", &table))
}

/// A file's name as the module's: `type.rs` is `r#type`.
fn ident(name: &str) -> String {
    let raw = format!("r#{name}");
    let is = |text: &str| syn::parse_str::<syn::Ident>(text).is_ok();
    if !is(name) && is(&raw) { raw } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_module_that_cargo_makes_of_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("entity")).unwrap();
        fs::write(
            at("Cargo.toml"),
            "[workspace]\nmembers = [\"entity\"]\n[package]\nname = \"my-shop\"",
        )
        .unwrap();
        fs::write(
            at("entity/Cargo.toml"),
            "[package]\nname = \"entity\"\n[lib]\nname = \"tables\"",
        )
        .unwrap();
        let mut crates = Crates::default();
        let mut module = |path: &str| {
            crates.module(&at(path)).map(|m| format!("{}|{}", m.krate, m.path.join("::")))
        };
        assert_eq!(module("src/schema.rs").unwrap(), "my_shop|schema");
        assert_eq!(module("src/main.rs").unwrap(), "my_shop|");
        assert_eq!(module("src/db/mod.rs").unwrap(), "my_shop|db");
        assert_eq!(module("src/db/type.rs").unwrap(), "my_shop|db::r#type");
        assert_eq!(module("entity/src/lib.rs").unwrap(), "tables|");
        assert_eq!(module("src/bin/other.rs"), None);
        assert_eq!(module("tests/it.rs"), None);
    }
}
