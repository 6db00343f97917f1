use std::{collections::BTreeMap, fs, path::Path};

/// What the compiler said of one program, errors only, in order: the message and all of it.
pub(crate) type Errors = BTreeMap<String, Vec<(String, String)>>;

/// One guarantee.
pub(crate) struct Case {
    /// The file's name.
    pub(crate) name: String,
    source: String,
    first: String,
    helps: Vec<String>,
}

impl Case {
    pub(crate) fn all_in(folder: &Path) -> Vec<Self> {
        let mut cases: Vec<Self> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().is_some_and(|name| name != "lib.rs"))
            .map(|path| Self::read(&path))
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(path).unwrap();
        let lines = |mark: &str| -> Vec<String> {
            source.lines().filter_map(|l| l.strip_prefix(mark)).map(str::to_owned).collect()
        };
        let first = lines("//! error: ").into_iter().next();
        let first = first.unwrap_or_else(|| panic!("{name} does not say its error"));
        let helps = lines("//! help: ");
        for mark in ["//~ fail", "//~ twin"] {
            assert!(source.contains(mark), "{name} has no line marked {mark}");
        }
        Self { name, source, first, helps }
    }

    /// The program that must not compile.
    pub(crate) fn failing(&self) -> String {
        self.without("//~ twin")
    }

    /// The program that must.
    pub(crate) fn twin(&self) -> String {
        self.without("//~ fail")
    }

    /// The twin's name.
    pub(crate) fn twin_name(&self) -> String {
        format!("{}_twin", self.name)
    }

    fn without(&self, mark: &str) -> String {
        let lines: Vec<&str> = self.source.lines().filter(|l| !l.ends_with(mark)).collect();
        lines.join("\n") + "\n"
    }

    pub(crate) fn complaints(&self, errors: &Errors) -> Vec<String> {
        let mut complaints = Vec::new();
        match errors.get(&self.name).and_then(|errors| errors.first()) {
            None => complaints.push(format!("{}: compiles", self.name)),
            Some((message, rendered)) => {
                if !message.contains(&self.first) {
                    complaints
                        .push(format!("{}: expected first: {}\n{rendered}", self.name, self.first));
                }
                complaints.extend(
                    self.helps
                        .iter()
                        .filter(|help| !rendered.contains(help.as_str()))
                        .map(|help| format!("{}: lacks: {help}\n{rendered}", self.name)),
                );
            }
        }
        if let Some((_, rendered)) = errors.get(&self.twin_name()).and_then(|errors| errors.first())
        {
            complaints.push(format!("{}: the twin does not compile:\n{rendered}", self.name));
        }
        complaints
    }
}
