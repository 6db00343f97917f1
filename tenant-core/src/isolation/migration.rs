//! Isolation where users keep their migrations.

use super::{Isolation, Phase, Plan, Step};

/// Around what runs inside of a migration tool's own transaction, whose `search_path` the tool needs
/// again for its own table.
const KEEP_PATH: &str = "SELECT pg_catalog.set_config('tenancy.path', pg_catalog.current_setting('search_path'), true);\n";
const GIVE_PATH_BACK: &str = "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenancy.path'), true);\n";

/// A migration of a tool's: SQL for the way there and back. The adapters make the ORMs' own
/// migrations of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Lower case letters, digits and underscores; the tool puts its version in front.
    pub name: String,
    /// The way there.
    pub up: String,
    /// The way back. In a series the first one has it, since `down` takes everything away, from
    /// wherever the series has got to.
    pub down: String,
    /// Whether the tool should open a transaction for it. Where not, it must not: `CONCURRENTLY`
    /// cannot run inside of one.
    pub in_transaction: bool,
}

impl Isolation {
    /// The whole as one migration, for new schemas and small tables. For tables with many rows make
    /// a [`plan`](Self::plan) on a copy of the database and take [`Plan::migrations`].
    ///
    /// ```
    /// use tenant_core::{Isolation, Layout, TableName, Tenancy, TenantKey};
    ///
    /// let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("invoice"), None);
    /// let migration = Isolation::new(&tenancy, &Layout::new("shop")?)?.migration();
    /// assert!(migration.in_transaction && !migration.up.contains("COMMIT;"));
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    pub fn migration(&self) -> Migration {
        Migration {
            name: "tenant_isolation".to_owned(),
            up: inside(&self.up()),
            down: inside(&self.down()),
            in_transaction: true,
        }
    }
}

impl Plan {
    /// Each step as a migration, in their order. Those that cannot run in a transaction say so.
    ///
    /// They are for the database that the plan was made from, or one like it. A step that does not get
    /// its lock within 50 milliseconds fails, and a migration tool does not try again by itself: run
    /// it again.
    ///
    /// ```
    /// # use tenant_core::{Error, Isolation, SqlSession};
    /// # async fn f(isolation: &Isolation, session: &dyn SqlSession) -> Result<(), Error> {
    /// for migration in isolation.plan(session).await?.migrations() {
    ///     println!("{}, in a transaction: {}", migration.name, migration.in_transaction);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn migrations(&self) -> Vec<Migration> {
        let first = inside(&self.down);
        let down = std::iter::once(first).chain(std::iter::repeat(String::from(
            "-- Taken back together with the first migration of this series.\nSELECT 1;\n",
        )));
        self.steps.iter().zip(down).map(|(step, down)| migration(step, down)).collect()
    }
}

fn migration(step: &Step, down: String) -> Migration {
    let phase = match step.phase {
        Phase::Prepare => "the application goes on as it is",
        Phase::Enforce => "from here on a transaction without a tenant is refused",
    };
    let title = format!("-- {}: {phase}\n-- Locks: {}\n", one_line(&step.title), step.locks);
    let in_transaction = !step.is_alone();
    let up = if in_transaction { inside(&step.script()) } else { step.sql.clone() };
    Migration { name: name(&step.title), up: title + &up, down, in_transaction }
}

/// A script of ours without its `BEGIN` and `COMMIT`.
fn inside(script: &str) -> String {
    let mut body: Vec<&str> = script.trim_end().lines().collect();
    if body.last() == Some(&"COMMIT;") {
        body.pop();
    }
    if let Some(at) = body.iter().position(|line| *line == "BEGIN;") {
        body.remove(at);
    }
    format!("{KEEP_PATH}{}\n{GIVE_PATH_BACK}", body.join("\n"))
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// What a file can be called after a title.
fn name(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut name = format!("tenant_{}", words.join("_"));
    name.truncate(60);
    name.trim_end_matches('_').to_owned()
}
