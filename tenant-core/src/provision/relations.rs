use super::{MIGRATIONS, query};
use crate::{Error, quote::quoted, work::Work};

/// What is in a schema, quoted, in the order in which it can be dropped.
#[derive(Default)]
pub(super) struct Relations {
    /// With what they are.
    views: Vec<String>,
    tables: Vec<String>,
    /// Those among them that may have rows.
    migrations: Vec<String>,
    /// Of no column.
    sequences: Vec<String>,
}

impl Relations {
    pub(super) async fn of(work: &Work, schema: &str) -> Result<Self, Error> {
        let sql = query(include_str!("relations.sql"));
        let mut all = Self::default();
        for row in work.session().rows(&sql, &[schema]).await? {
            let text = |column: &str| row.get(column).and_then(|value| value.as_str());
            let (Some(name), Some(kind)) = (text("name"), text("kind")) else { continue };
            let quoted = format!("{}.{}", quoted(schema), quoted(name));
            match kind {
                "r" => {
                    if MIGRATIONS.contains(&name) {
                        all.migrations.push(quoted.clone());
                    }
                    all.tables.push(quoted);
                }
                "v" => all.views.push(format!("VIEW {quoted}")),
                "m" => all.views.push(format!("MATERIALIZED VIEW {quoted}")),
                _ => all.sequences.push(quoted),
            }
        }
        Ok(all)
    }

    /// A table with rows that are no migrations. From then on nobody writes, until the transaction
    /// ends; and whoever is narrowed may not look.
    pub(super) async fn first_with_rows(&self, work: &Work) -> Result<Option<&str>, Error> {
        if self.tables.is_empty() {
            return Ok(None);
        }
        let lock = format!(
            "SET LOCAL row_security = off; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            self.tables.join(", ")
        );
        work.session().batch(&lock).await?;
        for table in self.tables.iter().filter(|table| !self.migrations.contains(table)) {
            let sql = format!("SELECT true AS found FROM {table} LIMIT 1");
            if !work.session().rows(&sql, &[]).await?.is_empty() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// All tables at once, since keys go round; then the sequences that their defaults used.
    pub(super) fn drops(&self) -> Vec<String> {
        let mut drops: Vec<String> = self.views.iter().map(|view| format!("DROP {view}")).collect();
        if !self.tables.is_empty() {
            drops.push(format!("DROP TABLE {}", self.tables.join(", ")));
        }
        drops.extend(self.sequences.iter().map(|sequence| format!("DROP SEQUENCE {sequence}")));
        drops
    }
}
