//! What a benchmark found, as a file that the report is made of: `target/bench-results/<bench>.json`.
//!
//! A benchmark fills a [`Results`] and writes it when it is through; `report` reads all that are
//! there. Numbers are ratios or counts wherever a machine's speed would make an absolute figure a lie.

use std::{env, fs, io, path::PathBuf, process::Command};

use serde::{Deserialize, Serialize};
use tenant_core::SqlSession;

/// One run of one benchmark.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    /// The benchmark's name, which is the file's, too.
    pub bench: String,
    /// The section's title in the report.
    pub title: String,
    /// What was done, in Markdown: a paragraph or two.
    pub about: String,
    /// How to run it again.
    pub command: String,
    /// Where it ran.
    pub environment: Environment,
    /// What came out.
    pub tables: Vec<Table>,
    /// What had to be reached, and whether it was.
    pub targets: Vec<Target>,
}

/// The machine, the versions and the day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Environment {
    /// Of the run, `2026-11-21`.
    pub date: String,
    /// The processor, and how many cores of it there were.
    pub machine: String,
    /// The operating system.
    pub system: String,
    /// Of the compiler.
    pub rustc: String,
    /// Of the server.
    pub postgres: String,
}

/// A table: a head, and rows with a name each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// Above it; unique in its benchmark.
    pub title: String,
    /// What one has to know of it, in Markdown; may be empty.
    pub about: String,
    /// What the columns are, without the one of the names.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How it is drawn, if it is.
    pub plot: Option<Plot>,
}

/// A row of a [`Table`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// One value for each column.
    pub values: Vec<Value>,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number, and how many decimals of it are shown.
    Number {
        /// The number.
        number: f64,
        /// How many decimals are shown.
        decimals: usize,
    },
    /// Anything else; empty where there is nothing to tell.
    Text(String),
}

/// How a table is drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Plot {
    /// A group of bars for each row, a bar for each of these columns.
    Bars {
        /// At the axis.
        unit: String,
        /// The columns, by number.
        columns: Vec<usize>,
    },
    /// A line for each of these columns, over the rows' names as numbers, on a logarithmic scale.
    Lines {
        /// At the horizontal axis.
        over: String,
        /// At the vertical axis.
        unit: String,
        /// The columns, by number.
        columns: Vec<usize>,
    },
}

/// Something that had to be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// What had to be.
    pub wanted: String,
    /// What came out.
    pub found: String,
    /// Whether that is it.
    pub reached: bool,
}

impl Results {
    /// A run that has found nothing yet, on this server.
    pub async fn new(bench: &str, title: &str, about: &str, session: &impl SqlSession) -> Self {
        Self {
            bench: bench.to_owned(),
            title: title.to_owned(),
            about: about.to_owned(),
            command: format!("cargo bench -p tenant-benches --bench {bench}"),
            environment: Environment::of(session).await,
            tables: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// One more target.
    pub fn target(&mut self, wanted: &str, found: String, reached: bool) {
        self.targets.push(Target { wanted: wanted.to_owned(), found, reached });
    }

    /// Prints it in Markdown and writes the file, in place of the last run's.
    pub fn finish(&self) {
        for table in &self.tables {
            println!("\n### {}\n\n{}", table.title, table.markdown());
        }
        for target in &self.targets {
            let mark = if target.reached { "reached" } else { "NOT REACHED" };
            println!("- {}: {} ({mark})", target.wanted, target.found);
        }
        let folder = folder();
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}.json", self.bench));
        fs::write(&file, serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
        println!("\n{}", file.display());
    }

    /// The last run of each benchmark, by name.
    pub fn all() -> io::Result<Vec<Self>> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
        files.sort();
        let read = |file: PathBuf| Ok(serde_json::from_str(&fs::read_to_string(file)?)?);
        files.into_iter().map(read).collect()
    }
}

/// Where the files are, whatever folder a benchmark runs in.
pub fn folder() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("bench-results")
}

impl Environment {
    /// Of this process and that server.
    pub async fn of(session: &impl SqlSession) -> Self {
        let sql = "SELECT current_date::text AS date, \
                   split_part(current_setting('server_version'), ' ', 1) AS postgres";
        let rows = session.rows(sql, &[]).await.unwrap();
        let column = |name: &str| rows[0][name].as_str().unwrap().to_owned();
        let rustc = Command::new("rustc").arg("--version").output().unwrap().stdout;
        Self {
            date: column("date"),
            postgres: column("postgres"),
            machine: machine(),
            system: format!("{} ({})", env::consts::OS, env::consts::ARCH),
            rustc: String::from_utf8_lossy(&rustc).trim().to_owned(),
        }
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let said = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = said.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    format!("{model}, {cores} cores")
}

impl Table {
    /// One without rows.
    pub fn new(title: &str, about: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        let (title, about) = (title.to_owned(), about.to_owned());
        Self { title, about, head, rows: Vec::new(), plot: None }
    }

    /// One more row.
    pub fn row(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        let values: Vec<Value> = values.into_iter().collect();
        assert_eq!(values.len(), self.head.len(), "a value for each column");
        self.rows.push(Row { name: name.into(), values });
    }

    /// Drawn as bars.
    pub fn bars(mut self, unit: &str, columns: impl Into<Vec<usize>>) -> Self {
        self.plot = Some(Plot::Bars { unit: unit.to_owned(), columns: columns.into() });
        self
    }

    /// Drawn as lines.
    pub fn lines(mut self, over: &str, unit: &str, columns: impl Into<Vec<usize>>) -> Self {
        let (over, unit, columns) = (over.to_owned(), unit.to_owned(), columns.into());
        self.plot = Some(Plot::Lines { over, unit, columns });
        self
    }

    /// As Markdown writes tables.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!("| | {} |", self.head.join(" | ")),
            format!("|---|{}", "---|".repeat(self.head.len())),
        ];
        for row in &self.rows {
            let values: Vec<String> = row.values.iter().map(Value::to_string).collect();
            lines.push(format!("| {} | {} |", row.name, values.join(" | ")));
        }
        lines.join("\n")
    }
}

impl Value {
    /// A number with so many decimals.
    pub fn number(number: f64, decimals: usize) -> Self {
        Self::Number { number, decimals }
    }

    /// A count.
    #[allow(clippy::cast_precision_loss)] // no count here is beyond 2⁵³
    pub fn count(count: usize) -> Self {
        Self::number(count as f64, 0)
    }

    /// What is drawn of it.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number { number, .. } => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number { number, decimals } => write!(f, "{number:.decimals$}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_and_read_and_shown() {
        let mut table = Table::new("t", "", &["ratio", "note"]).bars("×", [0]);
        table.row("ours", [Value::number(1.234, 2), "cached".into()]);
        let json = serde_json::to_string(&table).unwrap();
        let table: Table = serde_json::from_str(&json).unwrap();
        assert_eq!(table.rows[0].values[0].as_number(), Some(1.234));
        let shown = "| | ratio | note |\n|---|---|---|\n| ours | 1.23 | cached |";
        assert_eq!(table.markdown(), shown);
    }
}
