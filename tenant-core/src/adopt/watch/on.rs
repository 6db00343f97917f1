//! The recorder, made and hung on tables.

use super::way::{Ways, refused};
use crate::{
    Error, Isolation, SqlSession, TableName, TenantSource,
    adopt::{AdoptError, graph::Table, read},
    isolation::fill,
    quote::dollar_quoted,
    quote_literal,
};

/// How many bytes the log may have before writers leave it alone: some hundred thousand records.
pub(super) const BYTES: u64 = 64 << 20;

/// How many records one transaction makes at most, so that its subtransactions stay where the server
/// finds them fast.
const MOST: u32 = 50;

pub(super) async fn on(
    session: &dyn SqlSession,
    isolation: &Isolation,
    wanted: &[TableName],
) -> Result<(), AdoptError> {
    let layout = isolation.layout();
    if matches!(layout.source(), TenantSource::Members { .. }) {
        return Err(refused(
            "where a user's tenants come from a table of members, a write cannot be judged before the isolation is \
             there: watch with the setting, or with a claim",
        ));
    }
    let schemas: Vec<String> = isolation.schemas().into_iter().map(str::to_owned).collect();
    let tables = read::tables(&schemas, session).await?;
    let ways = Ways { isolation, tables: &tables };
    // All are looked at before one is touched.
    let mut recorders = Vec::new();
    for said in wanted {
        let name = match said.schema() {
            Some(_) => said.clone(),
            None => said.clone().in_schema(layout.home())?,
        };
        let declared = isolation.tenancy().tenant_tables().iter().find(|t| *t.table() == name);
        let declared = declared.ok_or_else(|| {
            refused(&format!("{said} is no declared tenant table, so nothing of it will be refused: name another one"))
        })?;
        let way = ways.of(declared)?;
        let Some(table) = ways.table(&name) else { continue };
        let (schema, name) = (quote_literal(&table.schema), quote_literal(&table.name));
        let body = fill(
            include_str!("sql/recorder_body.sql"),
            &[
                ("source", &layout.source().expression(layout.setting_name())),
                ("key", isolation.tenancy().key().sql_type()),
                ("schema", &schema),
                ("table", &name),
                ("whose", &way.whose),
                ("joins", &way.joins),
                ("nobody", &way.nobody),
                ("nobody_then", &way.nobody_then),
                ("reads", if way.joins.is_empty() { "false" } else { "true" }),
            ],
        );
        let function = function(table);
        let recorder = fill(
            include_str!("sql/recorder.sql"),
            &[
                ("function", &function),
                ("literal", &quote_literal(&function)),
                ("schema", &schema),
                ("table", &name),
                ("found_by", &quote_literal(&way.said)),
                ("body", &dollar_quoted(&body)),
            ],
        );
        recorders.push((table, recorder));
    }
    let most = MOST.to_string();
    let values = [("most", most.as_str()), ("bytes", &BYTES.to_string())];
    let schema = fill(include_str!("sql/schema.sql"), &values);
    session.batch(&schema).await.map_err(Error::from)?;
    for (table, recorder) in recorders {
        session.batch(&recorder).await.map_err(Error::from)?;
        // One lock at a time, so that nobody who holds one of them waits for another of ours.
        for relation in tree(session, table).await? {
            let values = [("relation", relation.as_str()), ("function", &function(table))];
            let triggers = fill(include_str!("sql/triggers.sql"), &values);
            session.batch(&triggers).await.map_err(Error::from)?;
        }
    }
    Ok(())
}

/// Named by what never changes, whatever the table is called.
fn function(table: &Table) -> String {
    format!("t{}", table.oid)
}

/// The table and what hangs below it: a statement fires the triggers of the table that it names, and
/// of no other.
async fn tree(session: &dyn SqlSession, table: &Table) -> Result<Vec<String>, Error> {
    let rows = session.rows(include_str!("sql/tree.sql"), &[&table.oid.to_string()]).await?;
    Ok(rows.iter().filter_map(|row| row.get("relation")?.as_str().map(str::to_owned)).collect())
}
