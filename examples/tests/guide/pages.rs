use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A file of the repository.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown files of a folder, by their paths from the root, in a fixed order.
pub(crate) fn in_folder(folder: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut pages: Vec<PathBuf> = entries
        .map(|name| Path::new(folder).join(name))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// Whatever a user reads: the documents, the crates' front pages, what lies at the root.
pub(crate) fn all() -> Vec<PathBuf> {
    let crates = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut folders: Vec<String> = crates.map(|name| name.into_string().unwrap()).collect();
    folders.retain(|name| name.starts_with("tenant-") && root().join(name).is_dir());
    folders.sort();
    let mut pages = in_folder("docs");
    pages.extend(in_folder(""));
    pages.extend(folders.iter().flat_map(|folder| in_folder(folder)));
    pages
}

/// A fenced block, and the HTML comment right above it.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) info: String,
    pub(crate) comment: Option<String>,
    pub(crate) text: String,
    pub(crate) line: usize,
}

fn ticks(line: &str) -> usize {
    line.trim_start().chars().take_while(|c| *c == '`').count()
}

/// The blocks of a page, and the page without them.
pub(crate) fn split(page: &str) -> (Vec<Block>, String) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut rest = String::new();
    let mut fence: Option<usize> = None;
    let mut above: Option<&str> = None;
    for (line, text) in page.lines().enumerate() {
        if let Some(open) = fence {
            if ticks(text) >= open && text.trim().chars().all(|c| c == '`') {
                fence = None;
            } else {
                let block = blocks.last_mut().expect("a fence was opened");
                block.text.push_str(text);
                block.text.push('\n');
            }
        } else if ticks(text) >= 3 {
            fence = Some(ticks(text));
            let comment = above.and_then(|text| text.strip_prefix("<!-- ")?.strip_suffix(" -->"));
            let comment = comment.map(str::to_owned);
            let info = text.trim().trim_start_matches('`').trim().to_owned();
            let line = line + 1;
            blocks.push(Block { info, comment, text: String::new(), line });
        } else {
            rest.push_str(text);
            rest.push('\n');
        }
        above = Some(text);
    }
    assert!(fence.is_none(), "a block has no end");
    (blocks, rest)
}
