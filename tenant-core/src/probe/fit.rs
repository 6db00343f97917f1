//! Values that a table's constraints are content with: options that do not evaluate are left out,
//! and of the rest the next combination is tried wherever a constraint refuses one.

use serde::Deserialize;

use super::{
    live::{Actor, Live},
    plant::{Why, insert_values},
    schema::{Column, Table},
};
use crate::{Error, quote::quoted, quote_literal};

/// How often values are tried.
const TRIES: usize = 150;

/// A table, and whose row it is that is to be put in.
pub(super) struct Fit<'f> {
    pub(super) live: &'f Live<'f>,
    pub(super) table: &'f Table,
    pub(super) tenant: Option<String>,
    pub(super) actor: Actor,
    /// Where the row's image goes.
    pub(super) slot: &'f str,
    /// PL/pgSQL that runs before each try.
    pub(super) before: &'f str,
}

pub(super) struct Choice<'t> {
    pub(super) column: &'t Column,
    pub(super) options: Vec<String>,
    pub(super) at: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    state: String,
    constraint: String,
    column: String,
}

impl Fit<'_> {
    /// Options that do not even evaluate (a domain's check, a cast) are left out.
    pub(super) async fn drop_what_fails(&self, choices: &mut [Choice<'_>]) -> Result<(), Error> {
        let all: Vec<String> = choices
            .iter()
            .flat_map(|choice| &choice.options)
            .map(|option| quote_literal(option))
            .collect();
        let done = self
            .live
            .block(&format!(
                "DECLARE options text[] := ARRAY[{}]::text[]; good jsonb := '[]'; n int;\n\
                 BEGIN\n{}FOR n IN 1 .. coalesce(pg_catalog.array_length(options, 1), 0) LOOP\n  \
                   BEGIN\n    \
                     IF options[n] NOT IN ('DEFAULT', 'NULL') THEN EXECUTE 'SELECT ' || options[n]; \
                     END IF;\n    \
                     good := good || pg_catalog.to_jsonb(n - 1);\n  \
                   EXCEPTION WHEN OTHERS THEN NULL;\n  END;\nEND LOOP;\n\
                 PERFORM pg_catalog.set_config('tenancy.probe_good', good::text, true);\n{}END\n",
                all.join(", "),
                self.live.become_(self.actor)?,
                self.live.become_(Actor::Login)?,
            ))
            .await?;
        if done.is_err() {
            return Ok(());
        }
        let good: Vec<usize> = self.live.setting("tenancy.probe_good").await?;
        let mut n = 0;
        for choice in choices {
            let first = n;
            n += choice.options.len();
            let mut at = first;
            choice.options.retain(|_| {
                at += 1;
                good.contains(&(at - 1))
            });
        }
        Ok(())
    }

    /// Puts a row in, and says with which values.
    pub(super) async fn search(
        &self,
        mut choices: Vec<Choice<'_>>,
    ) -> Result<Result<Vec<(String, String)>, Why>, Error> {
        let table = self.table;
        if let Some(choice) = choices.iter().find(|choice| choice.options.is_empty()) {
            return Ok(Err(format!(
                "no value was found for {} of {}",
                quoted(&choice.column.name),
                table.sql()
            )));
        }
        let mut last = Refusal::default();
        for n in 0..TRIES {
            let values: Vec<(String, String)> = choices
                .iter()
                .map(|choice| (choice.column.name.clone(), choice.options[choice.at].clone()))
                .filter(|(_, value)| value != "DEFAULT")
                .collect();
            let Some(refusal) = self.insert(&values).await? else {
                return Ok(Ok(values));
            };
            let move_on = match refusal.state.as_str() {
                // A fresh value may do.
                "23505" | "23P01" if n < 3 => true,
                "23502" => advance(&mut choices, |c| c.name == refusal.column),
                "23514" => advance(&mut choices, |c| {
                    c.hints.iter().any(|hint| hint.name == refusal.constraint)
                }),
                "23505" | "23P01" => {
                    let keys = table.unique_keys.iter().chain(&table.exclusions);
                    let columns: Vec<String> = keys
                        .filter(|key| key.name == refusal.constraint)
                        .flat_map(|key| key.columns.clone())
                        .collect();
                    advance(&mut choices, |c| columns.contains(&c.name))
                }
                _ => false,
            };
            last = refusal;
            if !move_on {
                break;
            }
        }
        let why = explain(table, &last, self.tenant.as_deref());
        Ok(Err(why))
    }

    /// `None` when it is in.
    async fn insert(&self, values: &[(String, String)]) -> Result<Option<Refusal>, Error> {
        let (slot, before) = (self.slot, self.before);
        let id = if self.actor == Actor::B { &self.live.b } else { &self.live.a };
        let tenant = self.tenant.clone().map(|column| (column, id.literal()));
        let insert = format!(
            "{} RETURNING pg_catalog.jsonb_build_object('tableoid', probe.tableoid::bigint, 'ctid', \
             probe.ctid::text, 'row', pg_catalog.to_jsonb(probe))",
            insert_values(self.table, tenant.as_ref(), values)
        );
        let block = format!(
            "DECLARE image jsonb; state text; broke text; missing text;\nBEGIN\n\
             PERFORM pg_catalog.set_config('tenancy.probe_refusal', '', true);\n  \
             BEGIN\n{}\nSET CONSTRAINTS ALL DEFERRED;\n{before}EXECUTE {} INTO image;\n  \
             PERFORM pg_catalog.set_config('{slot}', image::text, true);\n  \
             EXCEPTION WHEN OTHERS THEN\n    \
               GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, broke = CONSTRAINT_NAME, \
               missing = COLUMN_NAME;\n  END;\n{}  \
             IF state IS NULL AND image IS NULL THEN state := 'no row'; END IF;\n  \
             IF state IS NOT NULL THEN\n    \
               PERFORM pg_catalog.set_config('tenancy.probe_refusal', pg_catalog.jsonb_build_object(\
               'state', state, 'constraint', broke, 'column', missing)::text, true);\n  END IF;\nEND\n",
            self.live.become_(self.actor)?,
            quote_literal(&insert),
            self.live.become_(Actor::Login)?,
        );
        if let Err(state) = self.live.block(&block).await? {
            return Ok(Some(Refusal { state, ..Refusal::default() }));
        }
        Ok(self.live.setting::<Option<Refusal>>("tenancy.probe_refusal").await?)
    }
}

/// Moves the columns that are meant on to their next combination.
fn advance(choices: &mut [Choice<'_>], meant: impl Fn(&Column) -> bool) -> bool {
    for choice in choices.iter_mut().filter(|choice| meant(choice.column)) {
        choice.at += 1;
        if choice.at < choice.options.len() {
            return true;
        }
        choice.at = 0;
    }
    false
}

fn explain(table: &Table, refusal: &Refusal, tenant: Option<&str>) -> Why {
    let of_tenant = table.foreign_keys.iter().any(|key| {
        key.name == refusal.constraint && key.columns.iter().any(|c| Some(c.as_str()) == tenant)
    });
    if refusal.state == "23503" && of_tenant {
        return format!(
            "{} takes registered tenants only ({}): name two test tenants with `Probe::tenants(a, b)`",
            table.sql(),
            refusal.constraint
        );
    }
    let named: Vec<&str> = [&refusal.state, &refusal.constraint, &refusal.column]
        .into_iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    format!("no row could be put into {} ({})", table.sql(), named.join(", "))
}
