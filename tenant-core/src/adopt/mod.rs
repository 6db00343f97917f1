//! An existing database is read, and each table told whose it is.

mod answer;
mod candidates;
mod evidence;
mod found;
mod graph;
mod judge;
mod names;
mod read;
mod registry;
mod watch;

use std::collections::BTreeMap;

pub use answer::Answer;
pub use found::{AdoptError, AdoptedTable, Adoption, Candidate, Whose};
pub use watch::{AdoptWatch, WatchReason, WatchReport, WatchedRead, WatchedTable, WatchedWrite};

use crate::{SqlSession, TableName};

/// Reads an existing database and tells of each table whether its rows are tenants', shared, or
/// cannot be told: from its foreign keys, and from its rows where those leave it open.
///
/// A table belongs to tenants when a chain of foreign keys that are `NOT NULL` leads from it to the
/// table of tenants. Where several chains do, all rows must agree. What no chain leads from is shared;
/// a table whose rows are pointed at by one tenant each, though (addresses, say), may be either, and
/// is asked about. Nothing is changed.
///
/// ```no_run
/// # use tenant_core::{Adopt, AdoptError, Answer, SqlSession, TableName};
/// # async fn adopt(session: &dyn SqlSession) -> Result<(), Box<dyn std::error::Error>> {
/// let adoption = Adopt::new()
///     .tenants_table(TableName::new("organizations")?)
///     .answer(TableName::new("addresses")?, Answer::Shared)
///     .read(session)
///     .await?;
/// for table in adoption.tables() {
///     println!("{}: {:?}, {}", table.name(), table.whose(), table.why());
/// }
/// let tenancy = adoption.tenancy()?; // refused while a table is unsure
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Adopt {
    schemas: Vec<String>,
    tenants: Option<TableName>,
    answers: BTreeMap<TableName, Answer>,
}

impl Default for Adopt {
    fn default() -> Self {
        Self::new()
    }
}

impl Adopt {
    /// The tables of the schema `public`.
    pub fn new() -> Self {
        Self { schemas: vec!["public".to_owned()], tenants: None, answers: BTreeMap::new() }
    }

    /// The tables of these schemas. A name without one is looked for in the first.
    pub fn schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.schemas = schemas.into_iter().map(Into::into).collect();
        self
    }

    /// The table that has a row per tenant; else it is looked for by its name.
    pub fn tenants_table(mut self, table: TableName) -> Self {
        self.tenants = Some(table);
        self
    }

    /// What is known of a table. It goes before whatever the foreign keys say.
    pub fn answer(mut self, table: TableName, answer: Answer) -> Self {
        self.answers.insert(table, answer);
        self
    }

    /// Reads the catalogue, and the rows that decide where that does not, in one read-only transaction on
    /// a connection of its own. Dropping the future closes it.
    ///
    /// # Authority
    /// The login must be able to read the tables. One that row security would narrow is refused by the
    /// database.
    ///
    /// # Errors
    /// [`AdoptError::WhichTenants`] when it cannot be told which table has the tenants;
    /// [`AdoptError::Answer`] for an answer that cannot hold; [`AdoptError::Tenants`] when no tenant's id
    /// can be made from that table's key; [`AdoptError::Core`] with what the database said.
    pub async fn read<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Adoption, AdoptError> {
        let session = session.dedicated().await.map_err(crate::Error::from)?;
        read::read(self, &*session).await
    }
}
