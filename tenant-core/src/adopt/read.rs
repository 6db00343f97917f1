//! What the catalogue says, and which table has the tenants.

use serde_json::Value;

use super::{
    Adopt, AdoptError, Adoption, Answer, candidates,
    graph::{Graph, Table},
    judge::{self, Tenants},
    registry,
};
use crate::{Error, SessionError, SqlSession, TableName, isolation::fill, quote_literal};

/// One view of the database for all that is read, and an error instead of rows that a policy leaves out.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                     SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL row_security = off";

pub(super) async fn read(adopt: &Adopt, session: &dyn SqlSession) -> Result<Adoption, AdoptError> {
    session.batch(BEGIN).await.map_err(Error::from)?;
    let installed = "SELECT to_regclass('tenancy.installed') IS NOT NULL AS there";
    let rows = session.rows(installed, &[]).await.map_err(Error::from)?;
    if rows.iter().any(|row| row.get("there").is_some_and(|there| there == true)) {
        return Err(AdoptError::Installed);
    }
    let tables = tables(&adopt.schemas, session).await?;
    let names = Names { adopt };
    let root = match &adopt.tenants {
        Some(name) => names.find(&tables, name).ok_or_else(|| {
            let why = format!(
                "the table of tenants {name} is not there, or is no table: name one, with its schema if that is \
                 not the first one"
            );
            AdoptError::Tenants { why }
        })?,
        None => candidates::choose(&tables, |table| names.of(table).ok())
            .map_err(|candidates| AdoptError::WhichTenants { candidates })?,
    };
    let mut answers: Vec<Option<Answer>> = vec![None; tables.len()];
    for (name, answer) in &adopt.answers {
        let index = names.find(&tables, name).ok_or_else(|| {
            let why = format!("{name} is answered as \"{answer}\", and is not there: take it out");
            AdoptError::Answer { why }
        })?;
        answers[index] = Some(answer.clone());
    }
    let tenants = Tenants::new(&tables[root])?;
    let graph = Graph::new(&tables, root, &answers);
    let judged = judge::judge(session, &graph, &answers, &tenants, |table| names.of(table)).await?;
    session.batch("ROLLBACK").await.map_err(Error::from)?;
    Ok(Adoption {
        tenants: names.of(&tables[root])?,
        key: tenants.key,
        tables: judged,
        registry: registry::sql(&tables[root], &tenants),
    })
}

/// The tables of these schemas, but for those below another.
pub(super) async fn tables(
    schemas: &[String],
    session: &dyn SqlSession,
) -> Result<Vec<Table>, Error> {
    let schemas: Vec<String> = schemas.iter().map(|schema| quote_literal(schema)).collect();
    let schemas = format!("ARRAY[{}]::name[]", schemas.join(", "));
    let sql = fill(include_str!("sql/tables.sql"), &[("schemas", &schemas)]);
    let rows = session.rows(&sql, &[]).await.map_err(|source| Error::Unread { source })?;
    let table = |row| serde_json::from_value(Value::Object(row));
    rows.into_iter()
        .map(table)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Unread { source: SessionError::driver(error) })
}

/// Names as the user writes them: without the first schema.
struct Names<'a> {
    adopt: &'a Adopt,
}

impl Names<'_> {
    fn home(&self) -> Option<&str> {
        self.adopt.schemas.first().map(String::as_str)
    }

    fn of(&self, table: &Table) -> Result<TableName, Error> {
        let name = TableName::new(&table.name)?;
        if Some(table.schema.as_str()) == self.home() {
            return Ok(name);
        }
        name.in_schema(&table.schema)
    }

    fn find(&self, tables: &[Table], name: &TableName) -> Option<usize> {
        let schema = name.schema().or(self.home())?;
        tables.iter().position(|table| table.name == name.name() && table.schema == schema)
    }
}
