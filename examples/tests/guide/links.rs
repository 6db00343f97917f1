//! Every link within the repository leads to a file and a heading that are there, and every page is in
//! the guide.

use std::{collections::HashMap, path::Path};

use crate::pages;

/// Where the links of a page lead, without those to other places.
fn targets(page: &str) -> Vec<String> {
    let (_, prose) = pages::split(page);
    // What stands in backticks is no link.
    let prose: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let links = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    links
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .map(str::to_owned)
        .collect()
}

/// The anchors of a page: those that forges make of headings, and those that it names itself.
fn anchors(page: &str) -> Vec<String> {
    let (_, prose) = pages::split(page);
    let mut seen: HashMap<String, usize> = HashMap::new();
    let headings = prose.lines().filter(|line| line.starts_with('#')).map(|line| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = seen.entry(slug.clone()).or_default();
        *before += 1;
        if *before == 1 { slug } else { format!("{slug}-{}", *before - 1) }
    });
    let mut anchors: Vec<String> = headings.collect();
    let named = prose.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    anchors.extend(named.map(str::to_owned));
    anchors
}

fn complaint(path: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let there = if file.is_empty() { path.to_owned() } else { path.with_file_name(file) };
    let found = pages::root().join(&there);
    if !found.exists() {
        return Some(format!("{}: {target} leads to no file", path.display()));
    }
    let is_there = anchor.is_empty()
        || found.is_file() && anchors(&pages::text(&there)).iter().any(|found| found == anchor);
    (!is_there).then(|| format!("{}: {target} leads to no heading", path.display()))
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let pages = pages::all();
    assert!(pages.len() > 40, "{}", pages.len());
    let mut links = 0;
    let mut complaints = Vec::new();
    for path in &pages {
        let targets = targets(&pages::text(path));
        links += targets.len();
        complaints.extend(targets.iter().filter_map(|target| complaint(path, target)));
    }
    assert!(links > 200, "{links}");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// In the book, which mdBook makes of `docs/`, there is nothing else to lead to: `README.md` has another
/// name there, and `SUMMARY.md` is the list at its side.
fn leaves_the_book(target: &str) -> bool {
    let file = target.split('#').next().unwrap_or_default();
    let is = |kind: &str| Path::new(file).extension().is_some_and(|extension| extension == kind);
    let is_page = is("md");
    let is_here = file.is_empty() || is_page && !matches!(file, "README.md" | "SUMMARY.md");
    // A picture is copied beside the pages; that it is there, the other test sees.
    let is_picture = file.starts_with("plots/") && is("svg");
    (file.contains('/') || !is_here) && !is_picture
}

#[test]
fn a_page_of_the_guide_leads_to_pages_of_the_guide() {
    let mut pages = pages::in_folder("docs");
    pages.retain(|path| !path.ends_with("SUMMARY.md"));
    let away = pages.iter().flat_map(|path| {
        let links = targets(&pages::text(path)).into_iter().filter(|link| leaves_the_book(link));
        links.map(|link| format!("{}: {link}", path.display())).collect::<Vec<_>>()
    });
    let away: Vec<String> = away.collect();
    assert!(away.is_empty(), "name these in backticks, without a link: {away:?}");
    assert!(
        ["../README.md#licence", "README.md", "book.toml"].iter().all(|link| leaves_the_book(link))
    );
    assert!(!leaves_the_book("seal.md#keys") && !leaves_the_book("#keys"));
    assert!(!leaves_the_book("plots/bars.svg") && leaves_the_book("../plots/bars.svg"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = Path::new("docs/README.md");
    assert!(complaint(page, "isolation.md#roles").is_none());
    assert!(complaint(page, "isolation.md#rolls").is_some());
    assert!(complaint(page, "insulation.md").is_some());
    assert_eq!(targets("`[a](b)` [c](d.md#e) [f](https://g.h)"), ["d.md#e"]);
    assert_eq!(anchors("# A `b`, c\n## A b c\n"), ["a-b-c", "a-b-c-1"]);
}

#[test]
fn every_page_is_in_the_guide_once_and_in_the_list_of_documents() {
    let summary = targets(&pages::text("docs/SUMMARY.md"));
    let list = targets(&pages::text("docs/README.md"));
    for path in pages::in_folder("docs") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let count = summary.iter().filter(|target| *target == name).count();
        if name == "SUMMARY.md" {
            continue;
        }
        assert_eq!(count, 1, "{name} in docs/SUMMARY.md");
        assert!(name == "README.md" || list.iter().any(|t| t == name), "{name} in docs/README.md");
    }
}
