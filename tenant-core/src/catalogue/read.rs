use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{CatalogueTable, ForeignKey, KeyBeyond, TenantTables, order::in_order};
use crate::{
    Error, JsonRow, Layout, SessionError, SqlSession, Tenancy, isolation::fill, quote_literal,
};

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    table: CatalogueTable,
    /// The column has the key's type, or is a domain over it.
    fits: bool,
    #[serde(rename = "type")]
    column_type: String,
}

/// Reads them, in a transaction or not, on a session whose path is `pg_catalog, pg_temp`. A table
/// whose declaration names no schema is in the layout's first one.
///
/// # Errors
/// [`Error::InvalidTenancy`] when the declaration cannot hold, or a declared table is not there;
/// [`Error::Unread`].
pub(crate) async fn read<S: SqlSession + ?Sized>(
    session: &S,
    tenancy: &Tenancy,
    layout: Option<&Layout>,
) -> Result<TenantTables, Error> {
    let (home, shared) =
        layout.map_or(("public", "public"), |layout| (layout.home(), layout.shared_home()));
    let tenancy = tenancy.in_schemas(home, shared);
    tenancy.check()?;
    let sql = fill(
        include_str!("tables.sql"),
        &[("declared", &declared(&tenancy)), ("key", &quote_literal(tenancy.key().sql_type()))],
    );
    let found: Vec<Found> = ask(session, &sql).await?;
    let mut all = TenantTables::default();
    for Found { table, fits, column_type } in found {
        let (label, column) = (table.label(), table.column());
        if table.relkind == "m" {
            let what = "is a materialised view, and keeps what it has read until it is refreshed";
            all.elsewhere.push(format!("{label} {what}"));
        } else if fits {
            all.tables.push(table);
        } else {
            let what = format!("has a column {column} of the type {column_type}");
            all.elsewhere.push(format!("{label} {what}, which is not the tenants' key's"));
        }
    }
    for declared in tenancy.tenant_tables() {
        let (name, schema) = (declared.table().name(), declared.table().schema());
        let here = |table: &&CatalogueTable| table.name == name && Some(&*table.schema) == schema;
        if all.tables.iter().find(here).is_none_or(|table| !table.is_declared())
            && !is_below(session, declared).await?
        {
            let why = format!(
                "{} is declared as a tenant's table, but the database has no such table with a \
                 column {} of the type {}: install the isolation, or mend the declaration",
                declared.table(),
                declared.column(),
                tenancy.key()
            );
            return Err(Error::InvalidTenancy { why });
        }
    }
    if !all.tables.is_empty() {
        let trees = all.tables.iter().flat_map(|table| {
            table.tree.iter().map(|oid| format!("({}::bigint, {oid}::bigint)", table.oid))
        });
        // A table of two tenant columns stands there twice.
        let mut trees: Vec<String> = trees.collect();
        trees.sort_unstable();
        trees.dedup();
        let trees = trees.join(", ");
        let sql = fill(include_str!("keys.sql"), &[("tree", &trees)]);
        all.keys = ask::<_, ForeignKey>(session, &sql).await?;
        let sql = fill(include_str!("beyond.sql"), &[("tree", &trees)]);
        all.beyond = ask::<_, KeyBeyond>(session, &sql).await?;
    }
    in_order(&mut all);
    Ok(all)
}

/// A declared table below another declared one is reached through that.
async fn is_below<S: SqlSession + ?Sized>(
    session: &S,
    table: &crate::TenantTable,
) -> Result<bool, Error> {
    let sql = "SELECT true AS x FROM pg_catalog.pg_inherits WHERE inhrelid = pg_catalog.to_regclass($1::text)";
    let rows = session.rows(sql, &[&table.table().to_string()]).await;
    Ok(!rows.map_err(|source| Error::Unread { source })?.is_empty())
}

fn declared(tenancy: &Tenancy) -> String {
    let tenant = tenancy.tenant_tables().iter().map(|t| (t.table(), Some(t.column()), "tenant"));
    let shared = tenancy.shared_tables().iter().map(|t| (t, None, "shared"));
    let rows = tenant.chain(shared).map(|(table, column, kind)| {
        let text = |text: Option<&str>| text.map_or("NULL".to_owned(), quote_literal);
        let (schema, name) = (text(table.schema()), text(Some(table.name())));
        format!(" UNION ALL SELECT {schema}, {name}, {}, '{kind}'", text(column))
    });
    let none = "SELECT NULL::name, NULL::name, NULL::name, NULL::text WHERE false".to_owned();
    std::iter::once(none).chain(rows).collect()
}

async fn ask<S: SqlSession + ?Sized, T: DeserializeOwned>(
    session: &S,
    sql: &str,
) -> Result<Vec<T>, Error> {
    let rows = session.rows(sql, &[]).await.map_err(|source| Error::Unread { source })?;
    rows.into_iter()
        .map(|row: JsonRow| serde_json::from_value(Value::Object(row)))
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Unread { source: SessionError::driver(error) })
}
