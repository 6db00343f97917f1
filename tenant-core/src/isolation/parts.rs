//! `up` in parts, each complete in itself, so that a plan can run those that are missing.

use super::{
    Isolation, citus, database, facts, hash::fnv1a, keys, leakproof, namespaces, quotas, roles,
    schema, search, source, table, views,
};
use crate::{TableName, quote_literal};

/// The part that marks operators.
pub(super) const LEAKPROOF: &str = "leakproof operators";
/// The part that makes search functions.
pub(super) const SEARCHES: &str = "search functions";

/// One part of `up`.
#[derive(Debug)]
pub(super) struct Part {
    /// Its name in `tenancy.installed`.
    pub(super) title: String,
    pub(super) sql: String,
    pub(super) when: When,
    /// The declared table that it is about, if it is about one.
    pub(super) table: Option<TableName>,
    /// What a plan says of the locks.
    pub(super) locks: &'static str,
}

/// When a plan runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before it prepares tables: the schema `tenancy` and the roles.
    First,
    /// Not: a table with rows gets this in steps.
    InSteps,
    /// At the end, when the walls go up.
    Last,
}

impl Part {
    fn new(title: &str, when: When, sql: &[String]) -> Self {
        let sql = sql.join("\n");
        Self { title: title.to_owned(), sql, when, table: None, locks: "none on your tables" }
    }

    fn of(mut self, table: &TableName) -> Self {
        self.title = format!("{} {table}", self.title);
        self.table = Some(table.clone());
        self.locks =
            "ACCESS EXCLUSIVE on the table and its partitions, for an instant: nothing is scanned";
        self
    }

    /// Tells two texts of a part apart.
    pub(super) fn hash(&self) -> String {
        format!("{:08x}", fnv1a(self.sql.as_bytes()))
    }

    /// The part, and the note that it has run.
    pub(super) fn noted(&self) -> String {
        if self.when == When::InSteps {
            return self.sql.clone();
        }
        format!(
            "{}\nINSERT INTO tenancy.installed (kind, object, value) VALUES ('part', {}, '{}')\n\
             ON CONFLICT (kind, object) DO UPDATE SET value = excluded.value;\n",
            self.sql,
            quote_literal(&self.title),
            self.hash()
        )
    }
}

pub(super) fn parts(isolation: &Isolation) -> Vec<Part> {
    let Isolation { tenancy, layout, .. } = isolation;
    let schemas = isolation.schema_list();
    let mut first = if layout.is_citus() { vec![citus::required()] } else { Vec::new() };
    first.extend(schema::up(layout, tenancy.key()));
    first.push(facts::table());
    first.extend(roles::up(layout));
    if !isolation.searches.is_empty() {
        first.extend(search::role(layout.roles()));
    }
    let mut parts = vec![Part::new("schema tenancy and roles", When::First, &first)];
    parts.push(Part::new(
        "grants on the schema tenancy",
        When::First,
        &schema::grants(layout, tenancy.key()),
    ));
    let there: Vec<String> = tenancy.tenant_tables().iter().map(table::remember_tenant).collect();
    parts.push(Part::new("what was there", When::First, &there));
    let mut whole = database::up(layout, isolation.options);
    for name in isolation.schemas() {
        whole.push(namespaces::up(layout, tenancy, name));
    }
    parts.push(Part::new("database and schemas", When::Last, &whole));
    for each in tenancy.tenant_tables() {
        let sql = [table::tenant_column(tenancy.key(), each)];
        parts.push(Part::new("column", When::InSteps, &sql).of(each.table()));
    }
    parts.push(Part::new("foreign keys", When::InSteps, &[keys::up(tenancy)]));
    for each in tenancy.tenant_tables() {
        let sql = [table::tenant_index(each)];
        parts.push(Part::new("index", When::InSteps, &sql).of(each.table()));
    }
    let source = source::up(layout, tenancy.key());
    if !source.is_empty() {
        parts.push(Part::new("where the tenant is found", When::Last, &source));
    }
    // Children before parents: what fills a child meanwhile reads the parent.
    for each in tenancy.tenant_tables() {
        let searched = isolation.is_searched(each.table());
        let sql = [table::tenant_walls(layout, each, searched)];
        parts.push(Part::new("walls of", When::Last, &sql).of(each.table()));
    }
    for each in &isolation.counted() {
        let mut part = Part::new("count of", When::Last, &[quotas::rows_of(each)]).of(each.table());
        part.locks = "SHARE ROW EXCLUSIVE on the table while its rows are counted: it stops writers, not readers";
        parts.push(part);
    }
    let others = quotas::rows_of_no_other(&isolation.counted());
    parts.push(Part::new("rows that are not counted", When::Last, &[others]));
    for each in tenancy.shared_tables() {
        let sql = [table::shared_up(layout, each)];
        parts.push(Part::new("grants on", When::Last, &sql).of(each));
    }
    if layout.is_citus() {
        let mut part = Part::new(citus::TITLE, When::Last, &citus::up(tenancy));
        part.locks = "EXCLUSIVE on a table while its rows go to the workers: nobody writes, everybody reads; \
                      create_distributed_table_concurrently() beforehand spares that";
        parts.push(part);
    }
    parts.push(Part::new("views", When::Last, &[views::up(layout, tenancy, &schemas)]));
    parts.push(Part::new(LEAKPROOF, When::Last, &[leakproof::up(&isolation.leakproof)]));
    parts.push(Part::new(SEARCHES, When::Last, &search::up(isolation)));
    // Named after all others: when one of them changes, so does what is installed.
    let all: String = parts.iter().map(Part::hash).collect();
    let snapshot =
        format!("-- {:08x}\n{}", fnv1a(all.as_bytes()), facts::snapshot(layout, tenancy, &schemas));
    parts.push(Part::new("what is installed", When::Last, &[snapshot]));
    parts
}
