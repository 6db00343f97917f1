//! Each table, and why it is what it is.

use super::{
    AdoptError, AdoptedTable, Answer, Whose,
    evidence::{self, Use},
    graph::{Graph, Table, Way},
    names,
};
use crate::{Backfill, Error, SqlSession, TableName, TenantKey};

/// What a tenant's id is, and where it stands in the tenants' table.
#[derive(Debug)]
pub(super) struct Tenants {
    pub(super) key: TenantKey,
    /// Its primary key.
    pub(super) column: String,
    /// The key's own type: then a column that refers to it can be the tenant column itself.
    native: Option<String>,
}

/// A table's tenant column, and how its rows get it.
type Column = (String, Option<Backfill>);

/// Names for a tenant column that is added, the first that no table has.
const COLUMNS: [&str; 3] = ["tenant_id", "tenancy_id", "tenancy_tenant_id"];

impl Tenants {
    pub(super) fn new(root: &Table) -> Result<Self, AdoptError> {
        let wrong = |why: &str| AdoptError::Tenants {
            why: format!("{} cannot be the table of tenants: {why}", root.name),
        };
        let [column] = root.primary_key.as_slice() else {
            return Err(wrong("its primary key should be one column, which is the tenant's id"));
        };
        let sql_type = root.column(column).map_or("", |column| column.sql_type.as_str());
        let Some(key) = key_of(sql_type) else {
            return Err(wrong(&format!(
                "its primary key is of the type {sql_type}, and a tenant's id is a uuid, a whole number or a text"
            )));
        };
        let native = (sql_type == key.sql_type()).then(|| sql_type.to_owned());
        Ok(Self { key, column: column.clone(), native })
    }
}

/// The key that holds values of this type.
fn key_of(sql_type: &str) -> Option<TenantKey> {
    match sql_type {
        "uuid" => Some(TenantKey::Uuid),
        "smallint" | "integer" | "bigint" => Some(TenantKey::Bigint),
        "text" => Some(TenantKey::Text),
        other if other.starts_with("character") => Some(TenantKey::Text),
        _ => None,
    }
}

pub(super) async fn judge(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    answers: &[Option<Answer>],
    tenants: &Tenants,
    name: impl Fn(&Table) -> Result<TableName, Error>,
) -> Result<Vec<AdoptedTable>, AdoptError> {
    let columns = columns(graph, tenants)?;
    let mut judged = Vec::new();
    for (index, table) in graph.tables.iter().enumerate() {
        let answer = answers[index].as_ref();
        let verdict = match &columns[index] {
            Some(column) => firm(session, graph, index, answer, column).await?,
            None => other(session, graph, index, answer).await?,
        };
        let (whose, why, remarks) = verdict;
        judged.push(AdoptedTable { name: name(table)?, whose, why, remarks });
    }
    Ok(judged)
}

type Verdict = (Whose, String, Vec<String>);

/// A table from which a way leads to the tenants' table.
async fn firm(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
    answer: Option<&Answer>,
    (column, backfill): &Column,
) -> Result<Verdict, Error> {
    let table = &graph.tables[index];
    let tenants = Whose::Tenants { column: column.clone(), backfill: backfill.clone() };
    let root = &graph.tables[graph.root];
    if index == graph.root {
        let why = format!("the table of tenants: {} tables hang on it", graph.hanging());
        let remarks = crossing_remarks(session, graph, index).await?;
        return Ok((tenants, why, remarks));
    }
    let direct: Vec<String> = table
        .keys
        .iter()
        .filter(|key| key.parent == root.oid && key.not_null)
        .map(|key| key.columns.join(", "))
        .collect();
    let mut remarks = crossing_remarks(session, graph, index).await?;
    if answer.is_none() && direct.len() > 1 {
        let why =
            format!("several of its columns refer to {}: {}", root.name, direct.join(" and "));
        return Ok((Whose::Unsure, why, Vec::new()));
    }
    if answer.is_none() && !remarks.is_empty() {
        let way = graph.said(index);
        let why = format!("by {way}, but its foreign keys disagree: {}", remarks.join("; "));
        return Ok((Whose::Unsure, why, Vec::new()));
    }
    if let Some(Way::Key(at)) = &graph.ways[index]
        && !table.keys[*at].not_null
    {
        let columns = &table.keys[*at].columns;
        remarks.extend(null_remark(session, graph, index, columns).await?);
    }
    if let Some(Way::Column(column)) = &graph.ways[index] {
        remarks.extend(null_remark(session, graph, index, std::slice::from_ref(column)).await?);
    }
    let others = graph.to_firm(index).len();
    let answered = answer.map_or("", |_| "answered; ");
    let why = match others {
        0 | 1 => format!("{answered}{}", graph.said(index)),
        n if remarks.is_empty() => {
            format!("{answered}{}; all {n} foreign keys agree in every row", graph.said(index))
        }
        _ => format!("{answered}{}", graph.said(index)),
    };
    Ok((tenants, why, remarks))
}

async fn null_remark(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
    columns: &[String],
) -> Result<Option<String>, Error> {
    let nulls = evidence::nulls(session, graph, index, columns).await?;
    let columns = columns.join(", ");
    let what =
        format!("{nulls} rows have no {columns}, and so no tenant: give them one, or delete them");
    Ok((nulls > 0).then_some(what))
}

async fn crossing_remarks(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
) -> Result<Vec<String>, Error> {
    let crossing = evidence::crossing(session, graph, index).await?;
    let remark = |c: super::evidence::Crossing| {
        format!("{} rows are of another tenant by {}: {}", c.rows, c.columns, c.see)
    };
    Ok(crossing.into_iter().map(remark).collect())
}

/// A table from which none does, or one that may be NULL.
async fn other(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
    answer: Option<&Answer>,
) -> Result<Verdict, AdoptError> {
    let table = &graph.tables[index];
    let said = |whose, why: &str| Ok((whose, why.to_owned(), Vec::new()));
    match answer {
        Some(Answer::Shared) => return said(Whose::Shared, "answered"),
        Some(Answer::LeftOut) => return said(Whose::LeftOut, "answered"),
        Some(answer) => return Err(no_way(graph, table, answer)),
        None => {}
    }
    let root = &graph.tables[graph.root];
    if names::is_tools(&table.name) {
        return said(Whose::LeftOut, "a migration tool's own");
    }
    if graph.reaches(index) {
        let open: Vec<String> = graph
            .to_firm(index)
            .iter()
            .map(|(key, _)| table.keys[*key].columns.join(", "))
            .collect();
        let why = match open.as_slice() {
            [] => {
                format!("a foreign key leads to {} by way of a table that is not sure", root.name)
            }
            _ => format!("only what may be NULL leads to {}: {}", root.name, open.join(" and ")),
        };
        return said(Whose::Unsure, &why);
    }
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    if let Some(column) = columns.iter().find(|column| names::refers_to(column, &root.name)) {
        let why = format!("its column {column} looks like a tenant's id, and has no foreign key");
        return said(Whose::Unsure, &why);
    }
    if let Some(column) = names::polymorphic(&columns) {
        let why = format!("its column {column} says which table a row belongs to");
        return said(Whose::Unsure, &why);
    }
    Ok(match evidence::uses(session, graph, index).await? {
        None => {
            let why = format!("no foreign key joins it to {} or a table of tenants", root.name);
            (Whose::Shared, why, Vec::new())
        }
        Some(Use { used, by_several }) if by_several > 0 => {
            let why = format!("{by_several} of {used} rows in use are those of several tenants");
            (Whose::Shared, why, Vec::new())
        }
        Some(Use { used, .. }) => {
            let why = match used {
                0 => "tenants' tables refer to it, and no row says whether tenants share them"
                    .to_owned(),
                _ => format!(
                    "each of {used} rows in use is one tenant's: theirs, or shared by chance"
                ),
            };
            (Whose::Unsure, why, Vec::new())
        }
    })
}

fn no_way(graph: &Graph<'_>, table: &Table, answer: &Answer) -> AdoptError {
    let root = &graph.tables[graph.root].name;
    let why = match answer {
        Answer::TenantVia(column) => format!(
            "{} is answered as \"{answer}\", and no foreign key of {column} leads to {root}",
            table.name
        ),
        _ => format!(
            "{} is answered as \"{answer}\", and no foreign key of its leads to {root}: add a column that \
             holds the tenant's id, fill it, and answer \"tenant via\" that column",
            table.name
        ),
    };
    AdoptError::Answer { why }
}

/// The tenant column of each tenant table.
fn columns(graph: &Graph<'_>, tenants: &Tenants) -> Result<Vec<Option<Column>>, AdoptError> {
    // What a table has itself; `None` of a tenant table where the column has to be added.
    let mut found: Vec<Option<Column>> = vec![None; graph.tables.len()];
    for index in graph.nearest_first() {
        found[index] = own(graph, index, tenants, &found)?;
    }
    let needs = |index: usize| graph.is_firm(index) && found[index].is_none();
    let is_free = |name: &&&str| {
        let mut tables = graph.tables.iter().enumerate();
        !tables.any(|(index, table)| needs(index) && table.column(name).is_some())
    };
    let name = COLUMNS.iter().find(is_free).ok_or_else(|| AdoptError::Tenants {
        why: format!(
            "a column for the tenant has to be added, and {} are taken",
            COLUMNS.join(", ")
        ),
    })?;
    let added =
        |index| needs(index).then(|| ((*name).to_owned(), Some(filled(graph, index, tenants))));
    Ok((0..found.len()).map(|index| found[index].clone().or_else(|| added(index))).collect())
}

/// How a column that is added gets filled.
fn filled(graph: &Graph<'_>, index: usize, tenants: &Tenants) -> Backfill {
    let root = &graph.tables[graph.root];
    match &graph.ways[index] {
        Some(Way::Key(at)) => {
            let key = &graph.tables[index].keys[*at];
            if key.parent == root.oid && key.referenced == root.primary_key {
                Backfill::Column(key.columns[0].clone())
            } else {
                Backfill::Along(key.name.clone())
            }
        }
        Some(Way::Column(column)) => Backfill::Column(column.clone()),
        _ => Backfill::Column(tenants.column.clone()),
    }
}

/// A tenant column that the table has already.
fn own(
    graph: &Graph<'_>,
    index: usize,
    tenants: &Tenants,
    found: &[Option<Column>],
) -> Result<Option<Column>, AdoptError> {
    let table = &graph.tables[index];
    let root = &graph.tables[graph.root];
    let is_native = |name: &str| {
        table.column(name).is_some_and(|column| Some(&column.sql_type) == tenants.native.as_ref())
    };
    let own = |name: &String| is_native(name).then(|| (name.clone(), None));
    Ok(match &graph.ways[index] {
        Some(Way::Root) => own(&tenants.column),
        Some(Way::Column(name)) => {
            let sql_type = table.column(name).map_or("", |column| column.sql_type.as_str());
            if key_of(sql_type) != Some(tenants.key) {
                let why = match sql_type {
                    "" => format!("{} has no column {name}", table.name),
                    _ => format!(
                        "{}.{name} is of the type {sql_type}, and holds no tenant's id",
                        table.name
                    ),
                };
                return Err(AdoptError::Answer { why });
            }
            own(name)
        }
        Some(Way::Key(at)) => {
            let key = &table.keys[*at];
            if key.parent == root.oid && key.referenced == root.primary_key {
                return Ok(own(&key.columns[0]));
            }
            // The other's tenant column is in the key: this side of it is ours.
            let parent = graph.index(key.parent).and_then(|parent| found[parent].clone());
            let pairs = key.columns.iter().zip(&key.referenced);
            let mine = parent.and_then(|(column, _)| {
                pairs
                    .into_iter()
                    .find(|(_, referenced)| **referenced == column)
                    .map(|(mine, _)| mine)
            });
            mine.and_then(own)
        }
        None => None,
    })
}
