//! What is refused before anything is written.

use serde_json::Value;

use super::{MoveError, Mover, error::at, pair::Pair, pass::READ};
use crate::{
    JsonRow, Layout, Placement,
    export::{
        order::order,
        snapshot::Snapshot,
        tables::{Table, Tables},
    },
};

/// A layout in which nothing can be moved.
pub(super) fn layout(layout: &Layout, to: &Placement) -> Result<(), MoveError> {
    let why = if layout.is_citus() {
        "Citus has no triggers on its shards, so the tenant's writes cannot be frozen there"
    } else if layout.roles().is_single() {
        return Err(crate::Error::NoAdmin.into());
    } else {
        return Ok(());
    };
    Err(MoveError::Place { to: to.clone(), why })
}

/// Looks at both sides.
pub(super) async fn check(mover: &Mover<'_>) -> Result<(), MoveError> {
    let source = mover.source.snapshot(READ, "ACCESS SHARE").await?;
    let target = mover.target.snapshot(READ, "ACCESS SHARE").await?;
    let pairs = Pair::all(&source.tables, &target.tables, mover.homes())?;
    keys(&pairs)?;
    order(&target.tables, &vec![0; target.tables.all.len()]).map_err(MoveError::Cycle)?;
    owned(&source).await?;
    owned(&target).await?;
    walls(&target).await?;
    empty(mover, &target).await?;
    for (snapshot, what) in [(source, "the source"), (target, "the target")] {
        snapshot.session.batch("COMMIT").await.map_err(at(what))?;
    }
    mover.source.may_be_erased(&mover.target).await
}

/// Rows can be told apart, and a trigger sees all that is done to them.
fn keys(pairs: &[Pair<'_>]) -> Result<(), MoveError> {
    let bad = |table: &Table| {
        let inherits = table.found.relkind == "r" && table.found.tree.len() > 1;
        table.found.primary_key.is_empty() || inherits || table.found.relkind == "f"
    };
    let bad: Vec<String> = pairs
        .iter()
        .flat_map(|pair| [pair.from, pair.to])
        .filter(|table| bad(table))
        .map(Table::label)
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(MoveError::NoKey(bad)) }
}

async fn walls(target: &Snapshot) -> Result<(), MoveError> {
    let bad = "NOT (c.relrowsecurity AND c.relforcerowsecurity)";
    let unwalled = tables(target, bad).await?;
    if unwalled.is_empty() { Ok(()) } else { Err(MoveError::Unwalled(unwalled)) }
}

/// Who notes and freezes the tenant's writes may make triggers on all of it.
async fn owned(side: &Snapshot) -> Result<(), MoveError> {
    let bad = "EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'tenancy'::regnamespace \
               AND p.proname = 'freeze' AND NOT pg_has_role(p.proowner, c.relowner, 'USAGE'))";
    let strange = tables(side, bad).await?;
    if strange.is_empty() { Ok(()) } else { Err(MoveError::NotOwned(strange)) }
}

/// The tables, and what is below them, of which this is so.
async fn tables(snapshot: &Snapshot, bad: &str) -> Result<Vec<String>, MoveError> {
    let sql = format!(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c \
         WHERE c.oid::bigint = ANY (ARRAY[{}]::bigint[]) AND {bad} ORDER BY 1",
        oids(&snapshot.tables)
    );
    let rows = snapshot.session.rows(&sql, &[]).await.map_err(at("a look at the catalogue"))?;
    let name = |row: &JsonRow| row.get("name").and_then(Value::as_str).map(str::to_owned);
    Ok(rows.iter().filter_map(name).collect())
}

fn oids(tables: &Tables) -> String {
    let trees = tables.all.iter().flat_map(|table| &table.found.tree);
    trees.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The target has no row of the tenant; a place that is for one, none at all.
async fn empty(mover: &Mover<'_>, target: &Snapshot) -> Result<(), MoveError> {
    let shared = matches!(mover.target.place, Placement::Shared { .. });
    for table in &target.tables.all {
        let rows = if shared {
            table.of_tenant(&mover.of.tenant)
        } else {
            format!("FROM {} AS t", table.label())
        };
        let table = table.label();
        let sql = format!("SELECT 1 AS x {rows} LIMIT 1");
        let rows = target.session.rows(&sql, &[]).await;
        if !rows.map_err(at(&format!("a look at {table}")))?.is_empty() {
            return Err(MoveError::NotEmpty { table });
        }
    }
    Ok(())
}
