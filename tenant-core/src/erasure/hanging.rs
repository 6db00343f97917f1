//! Rows that are not the tenant's and refer to its rows, or to what goes with them.

use super::{
    AlsoAffected, ErasureError,
    look::Look,
    registered::{number, text},
};
use crate::{
    catalogue::{CatalogueTable, ForeignKey, KeyBeyond, TenantTables},
    quote::quoted,
    work::Work,
};

/// Whether a key is on this table that a delete of others' rows follows.
pub(super) fn may_reach(tables: &TenantTables, table: &CatalogueTable) -> bool {
    let beyond = tables.beyond.iter().map(|beyond| &beyond.key);
    tables.keys.iter().chain(beyond).any(|key| key.child == Some(table.oid))
}

pub(super) async fn find(look: &mut Look, work: &Work, id: &str) -> Result<(), ErasureError> {
    let tables = look.tables.clone();
    let find = |oid| tables.tables.iter().find(|table| table.oid == oid);
    for key in &tables.keys {
        let (Some(parent), child) = (find(key.parent), key.child.and_then(find)) else {
            continue;
        };
        if child.is_some_and(|child| carries_tenant(key, child, parent)) {
            continue;
        }
        let rows = if key.readable {
            Some(number(work, &direct(key, child, parent, id)).await?)
        } else {
            None
        };
        judge(look, work, key, &key.label, rows).await?;
    }
    let beyond = tables.beyond.iter();
    let beyond: Vec<&KeyBeyond> =
        beyond.filter(|beyond| beyond.roots.iter().any(|root| find(*root).is_some())).collect();
    let going = Going::of(&tables, &beyond, id);
    for KeyBeyond { key, parent_label, .. } in beyond {
        let child = key.child.and_then(find);
        let (rows, unread) = match &going {
            Ok(going) if key.readable => {
                (Some(number(work, &going.count(key, parent_label, child, id)).await?), &*key.label)
            }
            Ok(_) => (None, &*key.label),
            Err(unread) => (None, *unread),
        };
        judge(look, work, key, unread, rows).await?;
    }
    Ok(())
}

/// What so many rows mean; `None` where the table `unread` may not be read.
async fn judge(
    look: &mut Look,
    work: &Work,
    key: &ForeignKey,
    unread: &str,
    rows: Option<u64>,
) -> Result<(), ErasureError> {
    if rows == Some(0) {
        return Ok(());
    }
    let (table, constraint) = (key.label.clone(), key.name.clone());
    let effect = match &*key.on_delete {
        "c" => "deleted",
        "n" => "set null",
        "d" => "set default",
        _ => "refused",
    };
    let would = effect != "refused";
    // A table that is kept has a tenant column, too, and is reached through the one above it.
    if key.child.is_none() && would {
        look.also.push(AlsoAffected { table, constraint, effect: effect.to_owned(), rows });
    } else if let Some(rows) = rows {
        look.problems.push(ErasureError::HangsOn { constraint, table, rows, would });
    } else if key.child.is_some() {
        let login = text(work, "SELECT current_user::text AS text").await?.unwrap_or_default();
        let table = unread.to_owned();
        look.problems.push(ErasureError::NoPrivilege { table, login });
    }
    Ok(())
}

/// Whether a key compares the tenant on both sides, so that no other tenant's row can refer.
fn carries_tenant(key: &ForeignKey, child: &CatalogueTable, parent: &CatalogueTable) -> bool {
    let mut pairs = key.columns.iter().zip(&key.referenced);
    pairs.any(|(mine, theirs)| *mine == child.tenant_column && *theirs == parent.tenant_column)
}

/// How many rows refer to the tenant's and are not its own.
fn direct(
    key: &ForeignKey,
    child: Option<&CatalogueTable>,
    parent: &CatalogueTable,
    id: &str,
) -> String {
    format!(
        "SELECT count(*)::text AS text FROM {} AS c JOIN {} AS p ON {} WHERE p.{} = {id}{}",
        key.label,
        parent.label(),
        matching(key),
        parent.column(),
        foreign(child, id),
    )
}

fn matching(key: &ForeignKey) -> String {
    let pairs = key.columns.iter().zip(&key.referenced);
    let pairs: Vec<String> =
        pairs.map(|(mine, theirs)| format!("c.{} = p.{}", quoted(mine), quoted(theirs))).collect();
    pairs.join(" AND ")
}

fn foreign(child: Option<&CatalogueTable>, id: &str) -> String {
    child.map_or_else(String::new, |child| {
        format!(" AND c.{} IS DISTINCT FROM {id}", child.column())
    })
}

/// The rows of tables without a tenant column that go with the tenant's, by where they are: also
/// those behind several keys, or a cycle of them.
struct Going {
    with: String,
}

impl Going {
    /// The error is a table on the way that may not be read.
    fn of<'t>(
        tables: &'t TenantTables,
        beyond: &[&'t KeyBeyond],
        id: &str,
    ) -> Result<Self, &'t str> {
        let cascades = |key: &ForeignKey| key.child.is_none() && key.on_delete == "c";
        let (mut first, mut next) = (Vec::new(), Vec::new());
        for key in tables.keys.iter().filter(|key| cascades(key)) {
            let Some(parent) = tables.tables.iter().find(|table| table.oid == key.parent) else {
                continue;
            };
            if !key.readable {
                return Err(&key.label);
            }
            first.push(format!(
                "SELECT c.tableoid AS rel, c.ctid::text AS at FROM {} AS c JOIN {} AS p ON {} \
                 WHERE p.{} = {id}",
                key.label,
                parent.label(),
                matching(key),
                parent.column(),
            ));
        }
        for KeyBeyond { key, parent_label, .. } in beyond {
            if !cascades(key) {
                continue;
            }
            if !key.readable {
                return Err(&key.label);
            }
            next.push(format!(
                "SELECT c.tableoid, c.ctid::text FROM {} AS c JOIN {parent_label} AS p ON {} \
                 WHERE p.tableoid = g.rel AND p.ctid = g.at::tid",
                key.label,
                matching(key),
            ));
        }
        let mut with = format!("WITH RECURSIVE going AS ({}", first.join(" UNION "));
        if !next.is_empty() {
            let next = next.join(" UNION ALL ");
            with = format!(
                "WITH RECURSIVE going (rel, at) AS (({}) UNION SELECT n.rel, n.at FROM going AS g \
                 CROSS JOIN LATERAL ({next}) AS n (rel, at)",
                first.join(" UNION "),
            );
        }
        with.push(')');
        Ok(Self { with })
    }

    /// How many rows refer to these and are not the tenant's own.
    fn count(
        &self,
        key: &ForeignKey,
        parent: &str,
        child: Option<&CatalogueTable>,
        id: &str,
    ) -> String {
        format!(
            "{} SELECT count(*)::text AS text FROM going AS g JOIN {parent} AS p \
             ON p.tableoid = g.rel AND p.ctid = g.at::tid JOIN {} AS c ON {} WHERE true{}",
            self.with,
            key.label,
            matching(key),
            foreign(child, id),
        )
    }
}
