//! What the gate adds to `cargo check`: a crate of 150 queries on 50 tables, on a tenant's transaction and
//! on Diesel's own connection.
//!
//! `cargo bench -p tenant-benches --bench compile_time`, or with `-- --rounds 20` for more than the default
//! 9; on Linux, which tells the processor time of child processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tenant_benches::{
    argument, median,
    results::{Results, Table, Value},
};
use tenant_testkit::TestDatabase;

const TABLES: usize = 50;

const ABOUT: &str = "Two crates with the same 50 tables and the same 150 queries, three of each of 50 shapes of table: joins, \
    subselects, aggregates, boxed queries, inserts, updates and deletes. One runs them on `&mut TenantTransaction` and declares its \
    tables in `tenancy!`, the other on `&mut AsyncPgConnection`. Dependencies are checked beforehand; each crate is made stale and checked, in \
    turns. Time is that of processors, which a busy machine disturbs least.";

/// Whether there is a gate.
#[derive(Clone, Copy)]
struct Crate {
    name: &'static str,
    gate: bool,
}

const CRATES: [Crate; 2] =
    [Crate { name: "plain", gate: false }, Crate { name: "gated", gate: true }];

impl Crate {
    fn source(self) -> String {
        let mut source = String::from("#![allow(dead_code)]\n\npub mod schema {\n");
        for n in 0..TABLES {
            writeln!(
                source,
                "    diesel::table! {{ t{n} (id) {{ id -> Int8, t{next}_id -> Int8, name -> Text, amount -> Int4, \
                 note -> Nullable<Text>, done -> Bool, }} }}",
                next = (n + 1) % TABLES
            )
            .unwrap();
        }
        for n in (0..TABLES).step_by(2) {
            let next = n + 1;
            writeln!(source, "    diesel::joinable!(t{n} -> t{next} (t{next}_id));").unwrap();
            writeln!(source, "    diesel::allow_tables_to_appear_in_same_query!(t{n}, t{next});")
                .unwrap();
        }
        source.push_str("}\n\nuse schema::*;\n");
        source.push_str(if self.gate {
            "use tenant_diesel::{TenantTransaction as Connection, prelude::*};\n"
        } else {
            "use diesel::prelude::*;\nuse diesel_async::{AsyncPgConnection as Connection, RunQueryDsl};\n"
        });
        if self.gate {
            let tables: Vec<String> = (0..TABLES).map(|n| format!("schema::t{n}")).collect();
            let declared = tables.join(", ");
            writeln!(
                source,
                "\ntenant_diesel::tenancy! {{ pub static TENANCY; tenant {{ {declared} }} shared {{}} }}"
            )
            .unwrap();
        }
        for n in 0..TABLES {
            // A table and the one that it may be joined with.
            let (t, other) = if n % 2 == 0 { (n, n + 1) } else { (n, n - 1) };
            for (kind, (rows, query)) in queries(n, t, other).into_iter().enumerate() {
                writeln!(
                    source,
                    "\npub async fn q{n}_{kind}(c: &mut Connection) -> QueryResult<{rows}> {{\n    {query}\n}}"
                )
                .unwrap();
            }
        }
        source
    }

    fn write(self, root: &Path) {
        let folder = root.join(self.name);
        fs::create_dir_all(folder.join("src")).unwrap();
        let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tenant-diesel");
        let adapter = adapter.canonicalize().unwrap().display().to_string();
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             diesel = {{ version = \"~2.3\", default-features = false }}\n\
             diesel-async = {{ version = \"~0.9\", default-features = false, features = [\"postgres\", \"deadpool\"] }}\n\
             tenant-diesel = {{ path = {adapter:?} }}\n",
            self.name
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.join("src/lib.rs"), self.source()).unwrap();
    }

    /// Checks it anew, and tells the seconds that processors took for it.
    fn check(self, root: &Path) -> f64 {
        let source = root.join(self.name).join("src/lib.rs");
        let text = fs::read_to_string(&source).unwrap();
        fs::write(&source, text).unwrap();
        let before = of_children();
        let checked = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline", "-p", self.name])
            .env("CARGO_TARGET_DIR", root.join("target"))
            // Whole, as after `cargo clean -p`.
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("RUSTFLAGS")
            .current_dir(root)
            .status()
            .unwrap();
        assert!(checked.success());
        of_children() - before
    }
}

/// Three queries on this table, and what each returns.
fn queries(n: usize, t: usize, other: usize) -> [(&'static str, String); 3] {
    let first = match n % 5 {
        0 => (
            "Vec<(i64, String)>",
            format!(
                "t{t}::table.filter(t{t}::amount.gt({n})).select((t{t}::id, t{t}::name)).order(t{t}::id.desc()).limit(50).load(c).await"
            ),
        ),
        1 => (
            "Vec<(i64, Option<String>)>",
            format!(
                "t{t}::table.filter(t{t}::done.eq(true).and(t{t}::name.like(\"a{n}%\")).or(t{t}::note.is_null())).select((t{t}::id, t{t}::note)).load(c).await"
            ),
        ),
        2 => (
            "Option<i64>",
            format!(
                "t{t}::table.filter(t{t}::amount.between({n}, 1000)).select(diesel::dsl::sum(t{t}::amount)).first(c).await"
            ),
        ),
        3 => (
            "Vec<(String, i64)>",
            format!(
                "t{t}::table.group_by(t{t}::name).select((t{t}::name, diesel::dsl::count(t{t}::id))).filter(t{t}::id.gt({n})).load(c).await"
            ),
        ),
        _ => (
            "Vec<i64>",
            format!(
                "let mut query = t{t}::table.select(t{t}::id).into_boxed();\n    if {n} > 7 {{ query = query.filter(t{t}::amount.lt({n})); }}\n    query.load(c).await"
            ),
        ),
    };
    let second = match n % 4 {
        0 => (
            "Vec<(i64, String)>",
            format!(
                "t{t}::table.inner_join(t{other}::table).filter(t{other}::amount.gt({n})).select((t{t}::id, t{other}::name)).load(c).await"
            ),
        ),
        1 => (
            "Vec<i64>",
            format!(
                "t{t}::table.filter(t{t}::id.eq_any(t{other}::table.filter(t{other}::done.eq(true)).select(t{other}::t{t}_id))).select(t{t}::id).load(c).await"
            ),
        ),
        2 => (
            "Vec<(i64, Option<i32>)>",
            format!(
                "t{t}::table.left_join(t{other}::table).select((t{t}::id, t{other}::amount.nullable())).order((t{t}::name, t{t}::id)).load(c).await"
            ),
        ),
        _ => (
            "bool",
            format!(
                "diesel::select(diesel::dsl::exists(t{t}::table.filter(t{t}::amount.eq({n})))).get_result(c).await"
            ),
        ),
    };
    let third = match n % 3 {
        0 => (
            "i64",
            format!(
                "diesel::insert_into(t{t}::table).values((t{t}::name.eq(\"n{n}\"), t{t}::amount.eq({n}), t{t}::done.eq(false))).returning(t{t}::id).get_result(c).await"
            ),
        ),
        1 => (
            "usize",
            format!(
                "diesel::update(t{t}::table.filter(t{t}::id.eq({n}))).set((t{t}::amount.eq(t{t}::amount + 1), t{t}::note.eq(Some(\"x\")))).execute(c).await"
            ),
        ),
        _ => (
            "usize",
            format!(
                "diesel::delete(t{t}::table.filter(t{t}::amount.lt({n})).filter(t{t}::done.eq(true))).execute(c).await"
            ),
        ),
    };
    [first, second, third]
}

/// The seconds on processors of all child processes that have ended.
fn of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may have spaces; the 16th and 17th of all.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[13..15].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    // As Linux tells it, whatever its own clock does.
    ticks / 100.0
}

fn workspace() -> PathBuf {
    let root = tenant_benches::results::folder().with_file_name("bench-compile-time");
    for each in CRATES {
        each.write(&root);
    }
    let members = "[workspace]\nresolver = \"3\"\nmembers = [\"plain\", \"gated\"]\n";
    fs::write(root.join("Cargo.toml"), members).unwrap();
    // The same versions as everywhere else, without asking a registry.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, root.join("Cargo.lock")).unwrap();
    root
}

#[tokio::main]
async fn main() {
    let rounds = argument("rounds").unwrap_or(9);
    let root = workspace();
    // What they depend on, and what the first run leaves in the caches of the system.
    for each in CRATES {
        each.check(&root);
    }
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (each, seconds) in CRATES.iter().zip(&mut seconds) {
            seconds.push(each.check(&root));
        }
    }
    let ratios = seconds[1].iter().zip(&seconds[0]).map(|(gated, plain)| gated / plain);
    let ratio = median(ratios);

    let database = TestDatabase::create().await.unwrap();
    let title = "What the gate adds to `cargo check`";
    let mut results = Results::new("compile_time", title, ABOUT, database.session()).await;
    let head = ["median, s", "fastest, s", "ratio"];
    let mut table = Table::new("A crate of 150 queries on 50 tables", "", &head);
    for (name, seconds, ratio) in [
        ("on Diesel's own connection", &seconds[0], 1.0),
        ("on a tenant's transaction", &seconds[1], ratio),
    ] {
        let fastest = seconds.iter().copied().fold(f64::INFINITY, f64::min);
        let values = [median(seconds.iter().copied()), fastest, ratio];
        table.row(name, values.map(|value| Value::number(value, 2)));
    }
    results.tables.push(table);
    let found = format!("{:+.1} %", (ratio - 1.0) * 100.0);
    results.target("the gate adds at most 5 % to a check of the crate", found, ratio <= 1.05);
    results.finish();
}
