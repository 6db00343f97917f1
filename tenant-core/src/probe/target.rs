//! A tenant table with a row of either tenant, and the shapes that attempts on it have.

use super::{
    judge::Judge,
    kind::{Case, NO_ROW, NOT_OURS, ONE_ROLE, never},
    live::{Actor, execute},
    place::Place,
    plant::{Row, columns_and_row, insert_values},
    schema::Table,
    template::fill,
};
use crate::{quote::quoted, quote_literal};

/// A tenant table with its two rows.
pub(super) struct Target<'p> {
    pub(super) place: &'p Place<'p>,
    pub(super) table: &'p Table,
    /// The tenants' tables that it points at.
    pub(super) parents: Vec<Table>,
    /// The tenant column.
    pub(super) tenant: &'p str,
    /// A column that the tenant's role may update.
    pub(super) touch: String,
    pub(super) a: Option<Row>,
    /// `None` where no row of the other tenant is there at all.
    pub(super) b: Option<Row>,
    /// Whether B's row was planted; one that was there is read only.
    pub(super) planted: bool,
}

impl Target<'_> {
    /// A query that shows tenants as `t`. `{id}` and `{row}` are the other's for the attack, and the
    /// tenant's own for the control.
    pub(super) fn reads(&self, query: &str) -> Vec<Case> {
        self.reads_as(Actor::A, "", query, Judge::Reads)
    }

    /// The same after some statements, in PL/pgSQL, that are part of the attack.
    pub(super) fn reads_after(&self, before: &str, query: &str) -> Vec<Case> {
        self.reads_as(Actor::A, before, query, Judge::Reads)
    }

    pub(super) fn reads_as(
        &self,
        actor: Actor,
        before: &str,
        query: &str,
        judge: Judge,
    ) -> Vec<Case> {
        if self.b.is_none() {
            return never(NO_ROW);
        }
        let body = format!(
            "stage := 'attack';\n{}{}stage := 'control';\n{}",
            self.fill(before, true),
            self.counts(query, true, "seen"),
            self.counts(query, false, "own"),
        );
        vec![Case::run(actor, body, judge)]
    }

    /// Must see nothing, or be refused with one of these codes; there is no row of its own.
    pub(super) fn blind(
        &self,
        actor: Actor,
        before: &str,
        query: &str,
        codes: &'static [&'static str],
    ) -> Vec<Case> {
        if self.b.is_none() {
            return never(NO_ROW);
        }
        if self.place.is_single() && matches!(actor, Actor::Login | Actor::Shared) {
            return never(ONE_ROLE);
        }
        let sql = self.fill(
            &format!("SELECT count(*) FROM (SELECT * FROM ({query}) AS q LIMIT 1000) AS q"),
            true,
        );
        let body = format!(
            "stage := 'attack';\n{}EXECUTE {} INTO seen USING b;\n",
            self.fill(before, true),
            quote_literal(&sql)
        );
        vec![Case::run(actor, body, Judge::Blind(codes))]
    }

    /// A statement that changes the row at `{row}`.
    pub(super) fn writes(&self, statement: &str) -> Vec<Case> {
        if !self.planted {
            return never(if self.b.is_some() { NOT_OURS } else { NO_ROW });
        }
        let run = |theirs: bool, into: &str, image: &str| {
            let sql = quote_literal(&self.fill(statement, theirs));
            format!("EXECUTE {sql} USING {image};\nGET DIAGNOSTICS {into} = ROW_COUNT;\n")
        };
        let body = format!(
            "stage := 'attack';\n{}stage := 'control';\n{}",
            run(true, "seen", "b"),
            run(false, "own", "a")
        );
        vec![Case::run(Actor::A, body, Judge::Writes)]
    }

    /// A statement that changes rows and must be refused, or change none.
    pub(super) fn writes_blind(
        &self,
        actor: Actor,
        statement: &str,
        codes: &'static [&'static str],
    ) -> Vec<Case> {
        if !self.planted {
            return never(if self.b.is_some() { NOT_OURS } else { NO_ROW });
        }
        if self.place.is_single() && matches!(actor, Actor::Login | Actor::Shared) {
            return never(ONE_ROLE);
        }
        let sql = quote_literal(&self.fill(statement, true));
        let body = format!(
            "stage := 'attack';\nEXECUTE {sql} USING b;\nGET DIAGNOSTICS seen = ROW_COUNT;\n"
        );
        vec![Case::run(actor, body, Judge::Blind(codes))]
    }

    /// A statement that puts in a row for another tenant.
    pub(super) fn inserts(&self, statement: &str) -> Vec<Case> {
        if !self.planted {
            return never(NO_ROW);
        }
        let sql = quote_literal(&self.fill(statement, true));
        let body = format!(
            "stage := 'attack';\nEXECUTE {sql} USING b;\nGET DIAGNOSTICS seen = ROW_COUNT;\n"
        );
        vec![Case::run(Actor::A, body, Judge::Inserts)]
    }

    /// As of the catalogue: a query with the columns `n` (a count) and `names`.
    pub(super) fn catalogue(&self, sql: &str) -> Vec<Case> {
        let sql = quote_literal(&self.fill(sql, true));
        let body = format!("stage := 'attack';\nEXECUTE {sql} INTO seen, note;\n");
        vec![Case::run(Actor::A, body, Judge::Catalogue)]
    }

    /// What only the table's owner may do. Whoever owns it is not asked to try: that would lock.
    pub(super) fn owners_only(&self, sql: &str) -> Vec<Case> {
        let body = format!(
            "stage := 'prepare';\n\
             IF (SELECT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE') \
             FROM pg_catalog.pg_class c WHERE c.oid = {}::pg_catalog.oid) THEN\n  \
               note := 'the role owns the table';\nELSE\n  \
               stage := 'attack';\n  {}END IF;\n",
            self.table.oid,
            execute(&self.fill(sql, true))
        );
        vec![Case::run(Actor::A, body, Judge::Refused(&["42501"]))]
    }

    /// PL/pgSQL that counts what a query shows.
    pub(super) fn counts(&self, query: &str, theirs: bool, into: &str) -> String {
        let a = self.place.live.a.literal();
        let (test, image) = if theirs {
            (format!("q.t IS DISTINCT FROM {a}"), "b")
        } else {
            (format!("q.t = {a}"), "a")
        };
        let sql = format!(
            "SELECT count(*) FILTER (WHERE {test}) FROM (SELECT * FROM ({}) AS q LIMIT 1000) AS q",
            self.fill(query, theirs)
        );
        format!("EXECUTE {} INTO {into} USING {image};\n", quote_literal(&sql))
    }

    pub(super) fn tenant_value(&self, theirs: bool) -> (String, String) {
        let live = self.place.live;
        let who = if theirs { &live.b } else { &live.a };
        (self.tenant.to_owned(), who.literal())
    }

    /// Fills in names and values: those of the other tenant, or the own ones.
    pub(super) fn fill(&self, template: &str, theirs: bool) -> String {
        fill(template, |name| self.value(name, theirs))
    }

    fn value(&self, name: &str, theirs: bool) -> Option<String> {
        let (mine, others) = (self.tenant_value(false), self.tenant_value(true));
        let values = |row: &Option<Row>| row.as_ref().map_or(Vec::new(), |row| row.values.clone());
        // The same text inside of a literal.
        let inside = |name: &str| name.replace('\'', "''");
        Some(match name {
            "table" => self.table.sql(),
            "table_text" => inside(&self.table.sql()),
            "tc" => quoted(self.tenant),
            "tc_text" => inside(&quoted(self.tenant)),
            "touch" => quoted(&self.touch),
            "id" => self.tenant_value(theirs).1,
            "oid" => self.table.oid.to_string(),
            "policy" => quoted(self.table.policy.as_deref().unwrap_or("tenancy_select")),
            "row" => "theirs.tableoid = ($1 ->> 'tableoid')::pg_catalog.oid \
                      AND theirs.ctid = ($1 ->> 'ctid')::pg_catalog.tid"
                .to_owned(),
            "key" => self.key_matches(),
            "insert_theirs" => insert_values(self.table, Some(&others), &values(&self.b)),
            "columns" => columns_and_row(Some(&mine), &values(&self.a)).0,
            "values" => columns_and_row(Some(&mine), &values(&self.a)).1,
            "columns_theirs" => columns_and_row(Some(&others), &values(&self.b)).0,
            "values_theirs" => columns_and_row(Some(&others), &values(&self.b)).1,
            "values_mixed" => columns_and_row(Some(&mine), &values(&self.b)).1,
            _ => return self.place.value(name),
        })
    }

    /// `theirs.id = …`, by the key's columns.
    fn key_matches(&self) -> String {
        let columns = self.table.key().map(|key| key.columns.clone()).unwrap_or_default();
        let each: Vec<String> = columns
            .iter()
            .map(|column| {
                let column = quoted(column);
                format!(
                    "theirs.{column} = (pg_catalog.jsonb_populate_record(NULL::{}, $1 -> 'row')).{column}",
                    self.table.sql()
                )
            })
            .collect();
        if each.is_empty() { "false".to_owned() } else { each.join(" AND ") }
    }
}
