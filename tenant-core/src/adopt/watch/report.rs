//! What was recorded, added up.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use super::{off::is_there, on::BYTES, way::refused};
use crate::{Error, JsonRow, SessionError, SqlSession, adopt::AdoptError, isolation::fill};

/// How many different records are kept; of what is new beyond them the query is not.
const GROUPS: &str = "10000";

/// Why a write would have been refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchReason {
    /// The transaction had set no tenant: an error then.
    NoTenant,
    /// What it had set is no tenant's id: an error then.
    NotAnId,
    /// Rows of another tenant. An INSERT of them is an error then; an UPDATE or DELETE will not find them,
    /// and says so only by its count.
    OtherTenant,
    /// Rows that were its own became another tenant's: an error then.
    ToAnotherTenant,
    /// Rows that say nothing of their tenant. A column that is left out will be filled; a NULL that is
    /// written is an error.
    Null,
    /// `TRUNCATE`, which no tenant may.
    Truncate,
    /// It could not be judged, with PostgreSQL's code of why. The write itself went through.
    NotJudged(String),
}

const NOT_JUDGED: &str = "not judged: ";

impl fmt::Display for WatchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTenant => "no tenant",
            Self::NotAnId => "not an id",
            Self::OtherTenant => "other tenant",
            Self::ToAnotherTenant => "to another tenant",
            Self::Null => "null",
            Self::Truncate => "truncate",
            Self::NotJudged(code) => return write!(f, "{NOT_JUDGED}{code}"),
        })
    }
}

impl<'de> Deserialize<'de> for WatchReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = String::deserialize(deserializer)?;
        let known = [
            Self::NoTenant,
            Self::NotAnId,
            Self::OtherTenant,
            Self::ToAnotherTenant,
            Self::Null,
            Self::Truncate,
        ];
        let found = known.into_iter().find(|reason| reason.to_string() == said);
        Ok(found.unwrap_or_else(|| {
            Self::NotJudged(said.strip_prefix(NOT_JUDGED).unwrap_or(&said).to_owned())
        }))
    }
}

impl Serialize for WatchReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A table that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WatchedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// By what the tenant of a row is found: a column, or a way along foreign keys.
    pub found_by: String,
    /// Since when, in UTC.
    pub since: String,
}

/// Writes that would have been refused, one for each kind of statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WatchedWrite {
    /// The table's schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// `INSERT`, `UPDATE`, `DELETE` or `TRUNCATE`.
    pub operation: String,
    /// Why.
    pub reason: WatchReason,
    /// Who was logged in.
    pub login: String,
    /// As which role it wrote.
    pub role: String,
    /// The connection's `application_name`.
    pub application: String,
    /// The statement without literals and comments; empty where those could not be told for sure. Of what
    /// a trigger or a cascade wrote, the statement that set it off.
    pub query: String,
    /// How many statements.
    pub statements: i64,
    /// How many rows of theirs.
    pub rows: i64,
    /// The first time, in UTC.
    pub first_seen: String,
    /// The last time, in UTC.
    pub last_seen: String,
    /// How many of them were the last of their transaction that was recorded, though more may have followed.
    pub cut_off: i64,
}

/// What would have been refused since the watch began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WatchReport {
    /// What is watched.
    pub tables: Vec<WatchedTable>,
    /// What would have been refused, by table.
    pub writes: Vec<WatchedWrite>,
    /// Whether the log was full, so that the last of what came was not recorded.
    pub is_full: bool,
}

pub(super) async fn report(
    session: &dyn SqlSession,
    since: &str,
    login: &str,
) -> Result<WatchReport, AdoptError> {
    expect(session).await?;
    as_watcher(session).await?;
    let size = format!("SELECT pg_relation_size('tenancy_watch.log') >= {BYTES} AS is_full");
    let rows = session.rows(&size, &[]).await.map_err(Error::from)?;
    let is_full = rows.iter().any(|row| row.get("is_full").is_some_and(|full| full == true));
    let fold = fill(include_str!("sql/fold.sql"), &[("groups", GROUPS)]);
    session.batch(&fold).await.map_err(Error::from)?;
    // What was added up makes room at once. Where somebody else is at it, that is done for us.
    if let Err(why) = session.batch("VACUUM tenancy_watch.log").await {
        tracing::debug!(%why, "the log was not vacuumed");
    }
    let rows = session.rows(include_str!("sql/written.sql"), &[since, login]).await;
    let rows = rows.map_err(Error::from)?;
    let writes = rows.into_iter().map(typed).collect::<Result<_, _>>()?;
    Ok(WatchReport { tables: watched(session).await?, writes, is_full })
}

pub(super) async fn expect(session: &dyn SqlSession) -> Result<(), AdoptError> {
    if is_there(session).await? {
        return Ok(());
    }
    Err(refused("nothing is watched in this database: switch it on for a table first"))
}

/// Takes the role that watches, where this one may: what that has hung on its own tables is its own affair.
pub(super) async fn as_watcher(session: &dyn SqlSession) -> Result<(), Error> {
    let rows = session.rows(include_str!("sql/watcher.sql"), &[]).await?;
    match rows.iter().find_map(|row| row.get("set_role")?.as_str()) {
        Some(set_role) => Ok(session.batch(set_role).await?),
        None => Ok(()),
    }
}

pub(super) async fn watched(session: &dyn SqlSession) -> Result<Vec<WatchedTable>, AdoptError> {
    let sql = "SELECT schema_name::text AS schema, table_name::text AS table, found_by, \
               to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS since \
               FROM tenancy_watch.watched ORDER BY 1, 2";
    let rows = session.rows(sql, &[]).await.map_err(Error::from)?;
    Ok(rows.into_iter().map(typed).collect::<Result<_, _>>()?)
}

pub(super) fn typed<T: DeserializeOwned>(row: JsonRow) -> Result<T, Error> {
    serde_json::from_value(row.into()).map_err(|e| SessionError::driver(e).into())
}
