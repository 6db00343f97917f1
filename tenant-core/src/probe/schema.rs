//! What the catalogue says of a table: enough to plant a row in it, and to know what hangs on it.

use serde::Deserialize;

use crate::{
    Error, SqlSession, TableName,
    quote::{quote_literal, quoted},
    session::SessionError,
};

/// A table, as it lies in the database.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Table {
    pub(super) oid: i64,
    pub(super) schema: String,
    pub(super) name: String,
    /// `r` a table, `p` a partitioned one, `f` a foreign one.
    pub(super) kind: String,
    pub(super) has_triggers: bool,
    pub(super) columns: Vec<Column>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) unique_keys: Vec<UniqueKey>,
    pub(super) exclusions: Vec<UniqueKey>,
    /// Partitions and heirs, all the way down.
    pub(super) children: Vec<Relation>,
    /// Partitioned tables and ancestors, all the way up.
    pub(super) parents: Vec<Relation>,
    /// Views (`v`) and materialised views (`m`) that read the table, also through another view.
    pub(super) views: Vec<Relation>,
    /// Sequences behind its columns.
    pub(super) sequences: Vec<Relation>,
    /// The name of one of its policies.
    pub(super) policy: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) columns: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// As SQL writes it, in full.
    #[serde(rename = "type")]
    pub(super) sql_type: String,
    /// The type's name beneath all domains, or of the narrowest whole number that a foreign key refers to it
    /// with.
    pub(super) base: String,
    /// `b`, `c`, `e`, `r`, `m`, as in `pg_type`.
    pub(super) base_kind: String,
    pub(super) category: String,
    pub(super) typmod: i32,
    pub(super) labels: Vec<String>,
    pub(super) not_null: bool,
    pub(super) identity: String,
    pub(super) generated: String,
    pub(super) default: Option<String>,
    /// The default takes from a sequence, or calls a function that is not PostgreSQL's.
    pub(super) default_acts: bool,
    /// CHECK constraints and partition bounds that speak of it, as text.
    pub(super) hints: Vec<Hint>,
}

/// A constraint that a value must meet.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hint {
    /// Empty for a partition's bound.
    pub(super) name: String,
    pub(super) text: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) parent: i64,
    pub(super) parent_columns: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct UniqueKey {
    pub(super) name: String,
    pub(super) primary: bool,
    /// Empty where it is over expressions.
    pub(super) columns: Vec<String>,
    pub(super) partial: bool,
}

const LOAD: &str = include_str!("schema.sql");

impl Table {
    /// Finds a table by its name, which has its schema. `None` where there is none.
    pub(super) async fn find(
        session: &dyn SqlSession,
        name: &TableName,
    ) -> Result<Option<Self>, Error> {
        let found = format!(
            "c.relkind IN ('r', 'p', 'f') AND n.nspname = {} AND c.relname = {}",
            quote_literal(name.schema().unwrap_or("public")),
            quote_literal(name.name()),
        );
        Self::load(session, &found).await
    }

    /// The table of this oid.
    pub(super) async fn of(session: &dyn SqlSession, oid: i64) -> Result<Option<Self>, Error> {
        Self::load(session, &format!("c.oid = {oid}::pg_catalog.oid")).await
    }

    async fn load(session: &dyn SqlSession, which: &str) -> Result<Option<Self>, Error> {
        let rows = session.rows(&LOAD.replace("{which}", which), &[]).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let table =
            serde_json::from_value(serde_json::Value::Object(row)).map_err(SessionError::driver)?;
        Ok(Some(table))
    }

    /// In full, as it stands in SQL.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The primary key's columns, or another full unique key's.
    pub(super) fn key(&self) -> Option<&UniqueKey> {
        let full = |key: &&UniqueKey| !key.columns.is_empty() && !key.partial;
        self.unique_keys
            .iter()
            .find(|key| key.primary)
            .or_else(|| self.unique_keys.iter().find(full))
    }
}

impl Relation {
    /// Its oid, as a subselect.
    pub(super) fn oid(&self) -> String {
        format!(
            "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {})",
            quote_literal(&self.schema),
            quote_literal(&self.name)
        )
    }

    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

impl Column {
    /// Whether a value of it is made by the machine and says nothing of what is in the row: an
    /// identity, a sequence's number, a UUID.
    pub(super) fn is_surrogate(&self) -> bool {
        self.is_numbered() || self.base == "uuid"
    }

    /// Whether the table counts it: an identity, a sequence's number.
    pub(super) fn is_numbered(&self) -> bool {
        !self.identity.is_empty()
            || self.default.as_ref().is_some_and(|default| default.contains("nextval("))
    }
}
