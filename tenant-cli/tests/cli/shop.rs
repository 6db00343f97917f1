//! A small application, its database and its folder, and what the program says there.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::TempDir;
use tenant_cli::Config;
use tenant_core::SqlSession as _;
use tenant_testkit::TestDatabase;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE plans (name text PRIMARY KEY);
    CREATE TABLE customers (tenant_id uuid NOT NULL, id int, name text NOT NULL,
        PRIMARY KEY (tenant_id, id));
    CREATE TABLE invoices (tenant_id uuid NOT NULL, id int, customer int NOT NULL, cents bigint NOT NULL,
        PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, customer) REFERENCES customers);
";

/// So that tenants can have schemas of their own.
const APART: &str = "CREATE SCHEMA common; ALTER TABLE plans SET SCHEMA common";

pub(crate) const ACME: &str = "0c7d2f7e-4b1a-4a9e-9d51-000000000001";

/// Roles belong to the whole server.
static INSTALLER: Mutex<()> = Mutex::new(());

pub(crate) struct Shop {
    pub(crate) db: TestDatabase,
    folder: TempDir,
}

/// A role of the application's layout.
#[derive(Clone, Copy)]
pub(crate) enum As<'a> {
    Superuser,
    Role(&'a str),
    Nobody,
}

impl Shop {
    /// The tables and the file, nothing installed.
    pub(crate) fn bare() -> Self {
        let db = TestDatabase::create_blocking().unwrap();
        db.session().batch_blocking(SCHEMA).unwrap();
        let shop = Self { db, folder: TempDir::new().unwrap() };
        shop.write("tenant.toml", &shop.toml());
        shop
    }

    /// The tables of somebody else's application, and no file.
    pub(crate) fn empty(schema: &str) -> Self {
        let db = TestDatabase::create_blocking().unwrap();
        // What `pg_dump` wrote sets things for what comes behind.
        futures(async {
            db.session().dedicated().await.unwrap().batch(schema).await.unwrap();
        });
        Self { db, folder: TempDir::new().unwrap() }
    }

    /// With the shared table in a schema of its own, so that tenants can have schemas of theirs.
    pub(crate) fn apart() -> Self {
        let shop = Self::apart_bare();
        shop.installed_from(&format!("shared_schema = \"common\"\n{}", shop.toml()));
        shop
    }

    /// The same tables, with the isolation of this file.
    pub(crate) fn apart_with(toml: &str) -> Self {
        let shop = Self::apart_bare();
        shop.installed_from(toml);
        shop
    }

    /// The same tables, nothing installed, and no file.
    pub(crate) fn apart_bare() -> Self {
        Self::empty(&format!("{SCHEMA} {APART}"))
    }

    fn installed_from(&self, toml: &str) {
        self.write("tenant.toml", toml);
        self.install();
    }

    /// With the isolation of the file, as an application would install it from there.
    pub(crate) fn installed() -> Self {
        let shop = Self::bare();
        shop.install();
        shop
    }

    pub(crate) fn install(&self) {
        let config = Config::read(self.path("tenant.toml")).unwrap();
        let isolation = config.isolation(self.db.name()).unwrap();
        let _alone = installer();
        futures(self.db.install(&isolation)).unwrap();
    }

    pub(crate) fn toml(&self) -> String {
        format!(
            "role_prefix = \"{}\"\n\
             tenant_tables = [\"customers\", {{ name = \"invoices\", count_rows = true }}]\n\
             shared_tables = [\"plans\"]\n",
            self.db.name()
        )
    }

    pub(crate) fn sql(&self, sql: &str) {
        self.db.session().batch_blocking(sql).unwrap();
    }

    /// The first column of the first row.
    pub(crate) fn value(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text AS value");
        let rows = self.db.session().rows_blocking(&sql, &[]).unwrap();
        rows[0]["value"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn role(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.db.name())
    }

    pub(crate) fn url(&self, login: As<'_>) -> String {
        match login {
            As::Superuser => self.db.superuser_url(),
            As::Role(suffix) => self.db.url(&self.role(suffix)),
            As::Nobody => String::new(),
        }
    }

    /// The program with these arguments, in the folder, with nothing of ours around it.
    pub(crate) fn command(&self, login: As<'_>, args: &[&str]) -> Command {
        let mut command = program(self.folder.path(), args);
        command.env("DATABASE_URL", self.url(login));
        command
    }

    /// Runs it in a pipe and adds it to what was said.
    pub(crate) fn run(&self, said: &mut Said, login: As<'_>, args: &[&str]) -> Output {
        let output = self.command(login, args).output().unwrap();
        said.add(self, args, &output);
        output
    }
}

pub(crate) fn installer() -> MutexGuard<'static, ()> {
    INSTALLER.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant"));
    command.args(args).current_dir(folder).env_clear().env("USER", "alice").stdin(Stdio::null());
    command
}

/// Waits for what is done in the background of the testkit.
pub(crate) fn futures<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What was typed and what came of it, with a name in place of what differs from run to run.
#[derive(Default)]
pub(crate) struct Said(String);

impl Said {
    pub(crate) fn add(&mut self, shop: &Shop, args: &[&str], output: &Output) {
        self.typed(shop, args);
        self.text(shop, &String::from_utf8_lossy(&output.stderr), "! ");
        self.text(shop, &String::from_utf8_lossy(&output.stdout), "");
        match output.status.code() {
            Some(0) => {}
            Some(code) => self.0.push_str(&format!("(exit code {code})\n")),
            None => self.0.push_str("(killed)\n"),
        }
        self.0.push('\n');
    }

    pub(crate) fn typed(&mut self, shop: &Shop, args: &[&str]) {
        let quoted = args.iter().map(|arg| {
            if arg.is_empty() || arg.contains([' ', '&', '*']) {
                format!("'{arg}'")
            } else {
                (*arg).to_owned()
            }
        });
        let line = format!("$ tenant {}\n", quoted.collect::<Vec<_>>().join(" "));
        self.0.push_str(&same(shop, &line));
    }

    pub(crate) fn text(&mut self, shop: &Shop, text: &str, prefix: &str) {
        for line in same(shop, text).lines() {
            self.0.push_str(format!("{prefix}{line}").trim_end());
            self.0.push('\n');
        }
    }

    /// Holds it against the file.
    pub(crate) fn is(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/said/{name}.txt"));
        let text = self.0.trim_end().to_owned() + "\n";
        if std::env::var_os("TENANT_WRITE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == expected, "{} differs; it said:\n{text}", path.display());
    }
}

/// The text with the names that are this run's replaced.
fn same(shop: &Shop, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let was_named = text.contains(shop.db.name());
    let host = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    let folder = shop.folder.path().display().to_string();
    let superuser = shop.db.superuser_url();
    // `postgresql://user@host:port/database`, the host being a folder with `/` escaped.
    let server = superuser.split('@').nth(1).and_then(|rest| rest.split(':').next()).unwrap();
    let port = superuser.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap();
    let text = text
        .replace(&folder, "/home/alice/shop")
        .replace(&server.replace("%2F", "/"), "/run/postgresql")
        .replace(&format!(":{port} "), ":5432 ")
        .replace(shop.db.name(), "shop")
        .replace(&shop.db.name().replace('_', "\\_"), "shop")
        .replace(
            &format!("PostgreSQL {}", shop.value("current_setting('server_version')")),
            "PostgreSQL 17.2",
        )
        .replace(&format!("alice@{host}"), "alice@desk");
    let text: Vec<String> = text.lines().map(uncounted).collect();
    let text = steady(&(text.join("\n") + "\n"));
    if was_named { ruled(&text) } else { text }
}

/// A table that had the database's name was as wide as that.
fn ruled(text: &str) -> String {
    let is_rule = |line: &str| line.starts_with(['─', '═']);
    let width =
        text.lines().filter(|line| !is_rule(line)).map(|line| line.trim_end().chars().count());
    let width = width.max().unwrap_or_default() + 1;
    let line = |line: &str| match line.chars().next() {
        Some(rule) if is_rule(line) => rule.to_string().repeat(width),
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// Without how many attacks there are, which grows.
fn uncounted(line: &str) -> String {
    let words = line.split(' ').collect::<Vec<_>>();
    let counted = |at: usize| {
        matches!(words[at + 1..], ["attacks", "held,", ..] | ["not", "applicable;", ..])
    };
    let word = |(at, word): (usize, &&str)| {
        if counted(at) { "300".to_owned() } else { (*word).to_owned() }
    };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Times, hashes and versions.
fn steady(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() || c == '-' || c == ':' || c == '.' {
            word.push(c);
            continue;
        }
        out.push_str(&one(&word));
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn one(word: &str) -> String {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some((id, hash)) = word.rsplit_once(':')
        && hex(hash)
    {
        return format!("{id}:{}", "5f".repeat(32));
    }
    match shape.as_str() {
        _ if hex(word) => "5f".repeat(32),
        "0000-00-00" => "2026-11-21".to_owned(),
        "00:00:00.000000Z" | "00:00:00.000000" => word.replace(|c: char| c.is_ascii_digit(), "0"),
        "0000-00-00T00:00:00.000000Z" => "2026-11-21T09:30:00.000000Z".to_owned(),
        // How long writes were refused.
        "0.000" => "0.012".to_owned(),
        "00:00" => "09:30".to_owned(),
        _ => word.to_owned(),
    }
}
