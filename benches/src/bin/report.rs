//! Makes `docs/benchmarks.md` and its plots of the last run of each benchmark.
//!
//! `cargo run -p tenant-benches --bin report`

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use tenant_benches::{
    plot::draw,
    results::{Results, Table},
};

const HEAD: &str = "# Benchmarks

Made of the last run of each benchmark by `cargo run -p tenant-benches --bin report`; each section says how to run its own
again. Numbers are ratios or counts where a machine's speed would make an absolute figure a lie. More of them, measured by
tests, are in [figures](figures.md).
";

fn main() -> Result<(), Box<dyn Error>> {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let plots = docs.join("plots");
    // What a benchmark no longer draws is not kept.
    if plots.exists() {
        fs::remove_dir_all(&plots)?;
    }
    fs::create_dir_all(&plots)?;
    let all = Results::all()?;
    let mut page = HEAD.to_owned();
    let found = all.iter().flat_map(|results| &results.targets);
    let (reached, missed): (Vec<_>, Vec<_>) = found.partition(|target| target.reached);
    writeln!(page, "\nOf {} targets {} are reached.", reached.len() + missed.len(), reached.len())?;
    for results in &all {
        section(&mut page, results, &plots)?;
    }
    fs::write(docs.join("benchmarks.md"), page)?;
    println!("{} benchmarks, {} targets missed", all.len(), missed.len());
    Ok(())
}

fn section(page: &mut String, results: &Results, plots: &Path) -> Result<(), Box<dyn Error>> {
    let Results { title, about, command, environment: at, .. } = results;
    writeln!(page, "\n## {title}\n\n{about}\n")?;
    writeln!(
        page,
        "`{command}`, {}: PostgreSQL {}, {}, {}, {}.",
        at.date, at.postgres, at.rustc, at.machine, at.system
    )?;
    if !results.targets.is_empty() {
        writeln!(page, "\n| wanted | found | |\n|---|---|---|")?;
    }
    for target in &results.targets {
        let mark = if target.reached { "reached" } else { "**missed**" };
        writeln!(page, "| {} | {} | {mark} |", target.wanted, target.found)?;
    }
    for table in &results.tables {
        shown(page, table, &results.bench, plots)?;
    }
    Ok(())
}

fn shown(
    page: &mut String,
    table: &Table,
    bench: &str,
    plots: &Path,
) -> Result<(), Box<dyn Error>> {
    writeln!(page, "\n### {}\n", table.title)?;
    if !table.about.is_empty() {
        writeln!(page, "{}\n", table.about)?;
    }
    if table.plot.is_some() {
        let letters =
            |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = format!("{bench} {}", table.title).chars().map(letters).collect();
        let name = name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        draw(table, &plots.join(format!("{name}.svg")))?;
        writeln!(page, "![{}](plots/{name}.svg)\n", table.title)?;
    }
    writeln!(page, "{}", table.markdown())?;
    Ok(())
}
