//! The recorder, made and hung on tables.

use super::way::{Ways, refused};
use crate::{
    Error, Isolation, SqlSession, TableName, TenantSource,
    adopt::{AdoptError, graph::Table, read},
    isolation::fill,
    quote::{dollar_quoted, quoted},
    quote_literal,
};

/// How many bytes the log may have before writers leave it alone: some hundred thousand records.
pub(super) const BYTES: u64 = 64 << 20;

/// How many records one transaction makes at most, so that its subtransactions stay where the server
/// finds them fast.
const MOST: u32 = 50;

/// Whether the owner of `c` has the rights of the current role. A membership alone gives none from PostgreSQL 16 on.
const MAY: &str = "pg_has_role(c.relowner, current_user, \
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'USAGE, SET' ELSE 'MEMBER' END)";

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
    let (mut recorders, mut read) = (Vec::new(), Vec::new());
    for said in wanted {
        let name = match said.schema() {
            Some(_) => said.clone(),
            None => said.clone().in_schema(layout.home())?,
        };
        let declared = isolation.tenancy().tenant_tables().iter().find(|t| *t.table() == name);
        let declared = declared.ok_or_else(|| {
            refused(&format!("{said} is no declared tenant table, so nothing of it will be refused: name another one"))
        })?;
        let (way, along) = ways.of(declared)?;
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
                ("relations", &relations(&ways, &along)),
                ("may", MAY),
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
        read.extend(along);
    }
    trusted(session, &read).await?;
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

/// The recorder runs with the rights of whoever makes it, and reads what the tables' owners have made of their
/// columns: so they must be no less than that.
async fn trusted(session: &dyn SqlSession, read: &[i64]) -> Result<(), AdoptError> {
    let oids: Vec<String> = read.iter().map(ToString::to_string).collect();
    let sql = fill(include_str!("sql/trusted.sql"), &[("tables", &oids.join(", ")), ("may", MAY)]);
    let rows = session.rows(&sql, &[]).await.map_err(Error::from)?;
    let Some(row) = rows.first() else { return Ok(()) };
    let text = |name: &str| row.get(name).and_then(|x| x.as_str()).unwrap_or_default();
    let (relation, owner, user) = (text("relation"), text("owner"), text("user"));
    if text("kind") == "f" {
        return Err(refused(&format!(
            "{relation} is a foreign table, and PostgreSQL refuses writes where such a one is to be recorded: watch the \
             other tables"
        )));
    }
    Err(refused(&format!(
        "{relation} belongs to {owner}, and the recorder would do whatever {owner} hangs on it with the rights of {user}: \
         log in as {owner}, which needs the right to create a schema"
    )))
}

/// What a recorder reads: the rows of the table that was written, and the tables along the way by the names under which
/// it finds them.
fn relations(ways: &Ways<'_>, along: &[i64]) -> String {
    let mut all = "(TG_RELID, NULL::text)".to_owned();
    for table in along.iter().skip(1).filter_map(|oid| ways.tables.iter().find(|t| t.oid == *oid)) {
        let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
        all.push_str(&format!(", ({}, {})", table.oid, quote_literal(&name)));
    }
    all
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
