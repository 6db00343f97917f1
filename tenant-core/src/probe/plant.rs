//! Plants a row of a tenant in a table that somebody else designed: parents first, then values
//! until the constraints are content. All of it is rolled back.

use std::{collections::HashMap, pin::Pin};

use super::{
    fit::{Choice, Fit},
    live::{Actor, Live},
    schema::{ForeignKey, Table},
    values::candidates,
};
use crate::{Error, Tenancy, quote::quoted, quote_literal};

/// How many parents may stand above each other.
const DEPTH: usize = 12;

/// A row that was planted, or one that was there.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The setting that holds its image.
    pub(super) slot: String,
    /// What was inserted: columns and the expressions that made their values, without the tenant.
    pub(super) values: Vec<(String, String)>,
    /// The parent's slot by foreign key.
    pub(super) parents: HashMap<String, String>,
}

impl Row {
    /// A row that was there.
    pub(super) fn there(slot: &str) -> Self {
        Self { slot: slot.to_owned(), values: Vec::new(), parents: HashMap::new() }
    }
}

/// Why a row could not be planted, in words that show no data.
pub(super) type Why = String;

/// Boxed, since a parent has parents.
type Planting<'a> = Pin<Box<dyn Future<Output = Result<Result<Row, Why>, Error>> + Send + 'a>>;

pub(super) struct Planter<'p, 'l> {
    pub(super) live: &'p Live<'l>,
    pub(super) tenancy: &'p Tenancy,
    pub(super) with_triggers: bool,
    slots: usize,
    planted: HashMap<(i64, bool), Result<Row, Why>>,
}

impl<'p, 'l> Planter<'p, 'l> {
    pub(super) fn new(live: &'p Live<'l>, tenancy: &'p Tenancy, with_triggers: bool) -> Self {
        Self { live, tenancy, with_triggers, slots: 0, planted: HashMap::new() }
    }

    /// Plants a row of `actor` and its parents.
    pub(super) async fn plant(
        &mut self,
        table: &Table,
        actor: Actor,
    ) -> Result<Result<Row, Why>, Error> {
        let mut path = Vec::new();
        self.plant_below(table, actor, &mut path).await
    }

    fn plant_below<'a>(
        &'a mut self,
        table: &'a Table,
        actor: Actor,
        path: &'a mut Vec<i64>,
    ) -> Planting<'a> {
        Box::pin(async move {
            let key = (table.oid, actor == Actor::B);
            if let Some(known) = self.planted.get(&key) {
                return Ok(known.clone());
            }
            path.push(table.oid);
            let row = self.plant_one(table, actor, path).await?;
            path.pop();
            self.planted.insert(key, row.clone());
            Ok(row)
        })
    }

    async fn plant_one(
        &mut self,
        table: &Table,
        actor: Actor,
        path: &mut Vec<i64>,
    ) -> Result<Result<Row, Why>, Error> {
        if table.has_triggers && !self.with_triggers {
            return Ok(Err(format!(
                "{} has triggers or rules, which are not set off unless asked: `.with_triggers()`",
                table.sql()
            )));
        }
        if table.kind == "f" {
            return Ok(Err(format!("{} is a foreign table", table.sql())));
        }
        let tenant_column = self.tenant_column(table);
        let mut fixed: HashMap<&str, String> = HashMap::new();
        let mut parents = HashMap::new();
        let mut before = String::new();
        for foreign_key in &table.foreign_keys {
            let own: Vec<&str> = foreign_key
                .columns
                .iter()
                .map(String::as_str)
                .filter(|column| Some(*column) != tenant_column.as_deref())
                .collect();
            if own.is_empty() {
                self.own_tenant(foreign_key, actor, path).await?;
                continue;
            }
            let nullable =
                own.iter().all(|name| table.column(name).is_none_or(|column| !column.not_null));
            if foreign_key.parent == table.oid && !nullable {
                before.push_str(&self.itself(table, foreign_key, &mut fixed));
                continue;
            }
            let mut parent = if path.contains(&foreign_key.parent) || path.len() > DEPTH {
                Err("its foreign keys go round in a circle".to_owned())
            } else {
                self.parent(foreign_key, actor, path).await?
            };
            if parent.is_err() && !nullable {
                let there = self.parent_there(foreign_key, actor).await?;
                parent = there.map_or(parent, Ok);
            }
            match parent {
                Ok((parent, slot)) => {
                    for (column, of) in foreign_key.columns.iter().zip(&foreign_key.parent_columns)
                    {
                        fixed.entry(column).or_insert_with(|| value_of(&parent, &slot, of));
                    }
                    parents.insert(foreign_key.name.clone(), slot);
                }
                Err(_) if nullable => {
                    for column in own {
                        fixed.entry(column).or_insert_with(|| "NULL".to_owned());
                    }
                }
                // A deferrable key does not ask before the end, which never comes.
                Err(_) if path.contains(&foreign_key.parent) => {}
                Err(why) => return Ok(Err(why)),
            }
        }
        let mut choices = Vec::new();
        for column in &table.columns {
            if !column.generated.is_empty() || Some(&column.name) == tenant_column.as_ref() {
                continue;
            }
            let options = match fixed.get(column.name.as_str()) {
                Some(value) => vec![value.clone()],
                None => candidates(column),
            };
            choices.push(Choice { column, options, at: 0 });
        }
        let slot = self.next_slot();
        // A row that may point at one of its own table can be pointed at by one.
        let own = table.foreign_keys.iter().filter(|key| key.parent == table.oid);
        parents.extend(own.map(|key| (key.name.clone(), slot.clone())));
        let fit = Fit {
            live: self.live,
            table,
            tenant: tenant_column,
            actor,
            slot: &slot,
            before: &before,
        };
        fit.drop_what_fails(&mut choices).await?;
        let values = fit.search(choices).await?;
        Ok(values.map(|values| Row { slot, values, parents }))
    }

    fn next_slot(&mut self) -> String {
        self.slots += 1;
        format!("tenancy.probe_row_{}", self.slots)
    }

    fn tenant_column(&self, table: &Table) -> Option<String> {
        let mut tables = self.tenancy.tenant_tables().iter();
        let is_it = |t: &&crate::TenantTable| {
            t.table().name() == table.name && t.table().schema() == Some(&table.schema)
        };
        tables.find(is_it).map(|t| t.column().to_owned())
    }

    /// A row that must point at one, and points at itself.
    fn itself<'t>(
        &mut self,
        table: &'t Table,
        foreign_key: &'t ForeignKey,
        fixed: &mut HashMap<&'t str, String>,
    ) -> String {
        let mut before = String::new();
        for (column, of) in foreign_key.columns.iter().zip(&foreign_key.parent_columns) {
            let Some(referenced) = table.column(of).filter(|_| column != of) else { continue };
            let slot = self.next_slot();
            let value = candidates(referenced).into_iter().find(|value| value != "DEFAULT");
            before.push_str(&format!(
                "PERFORM pg_catalog.set_config('{slot}', ({})::text, true);\n",
                value.unwrap_or_else(|| "NULL".to_owned())
            ));
            let read =
                format!("CAST(pg_catalog.current_setting('{slot}') AS {})", referenced.sql_type);
            fixed.insert(column, read.clone());
            fixed.insert(of, read);
        }
        before
    }

    /// The row of a table of tenants that the tenant column refers to, where that table is declared and has
    /// none yet: what cannot be planted may be there.
    async fn own_tenant(
        &mut self,
        foreign_key: &ForeignKey,
        actor: Actor,
        path: &mut Vec<i64>,
    ) -> Result<(), Error> {
        let tenants = Table::of(&*self.live.session, foreign_key.parent).await?;
        if let Some(tenants) = tenants.filter(|table| self.tenant_column(table).is_some())
            && !path.contains(&tenants.oid)
        {
            // The row itself says why, if it misses this one.
            let _ = self.plant_below(&tenants, actor, path).await?;
        }
        Ok(())
    }

    /// A row of the tenant's own that is there, for one that cannot be planted.
    async fn parent_there(
        &mut self,
        foreign_key: &ForeignKey,
        actor: Actor,
    ) -> Result<Option<(Table, String)>, Error> {
        let Some(parent) = Table::of(&*self.live.session, foreign_key.parent).await? else {
            return Ok(None);
        };
        let Some(column) = self.tenant_column(&parent) else { return Ok(None) };
        let id = if actor == Actor::B { &self.live.b } else { &self.live.a };
        let mine = format!("r.{} = {}", quoted(&column), id.literal());
        let slot = self.next_slot();
        Ok(self.find(&parent, &mine, actor, &slot).await?.then_some((parent, slot)))
    }

    /// The parent's table and the slot with its row: planted, or one that is there.
    async fn parent(
        &mut self,
        foreign_key: &ForeignKey,
        actor: Actor,
        path: &mut Vec<i64>,
    ) -> Result<Result<(Table, String), Why>, Error> {
        let Some(parent) = Table::of(&*self.live.session, foreign_key.parent).await? else {
            return Ok(Err("a parent table is gone".to_owned()));
        };
        if self.tenant_column(&parent).is_some() {
            let row = self.plant_below(&parent, actor, path).await?;
            return Ok(row.map(|row| (parent, row.slot)));
        }
        let slot = self.next_slot();
        if self.find(&parent, "true", actor, &slot).await? {
            return Ok(Ok((parent, slot)));
        }
        let shared = self
            .tenancy
            .shared_tables()
            .iter()
            .any(|table| table.name() == parent.name && table.schema() == Some(&parent.schema));
        if shared {
            let row = self.plant_below(&parent, Actor::Shared, path).await?;
            return Ok(row.map(|row| (parent, row.slot)));
        }
        let why = format!(
            "{} asks for a row of {}, of which the tenant's role sees none",
            foreign_key.name,
            parent.sql()
        );
        Ok(Err(why))
    }

    /// Puts the image of a row that `actor` sees into the slot.
    pub(super) async fn find(
        &self,
        table: &Table,
        condition: &str,
        actor: Actor,
        slot: &str,
    ) -> Result<bool, Error> {
        let select = format!(
            "SELECT pg_catalog.jsonb_build_object('tableoid', r.tableoid::bigint, 'ctid', \
             r.ctid::text, 'row', pg_catalog.to_jsonb(r)) FROM {} AS r WHERE {condition} LIMIT 1",
            table.sql()
        );
        let found = self
            .live
            .block(&format!(
                "DECLARE image jsonb;\nBEGIN\n  BEGIN\n    {}\n    EXECUTE {} INTO image;\n  \
                 EXCEPTION WHEN OTHERS THEN image := NULL;\n  END;\n  \
                 PERFORM pg_catalog.set_config('{slot}', coalesce(image::text, ''), true);\n{}END\n",
                self.live.become_(actor)?,
                quote_literal(&select),
                self.live.become_(Actor::Login)?,
            ))
            .await?;
        let image: serde_json::Value = self.live.setting(slot).await?;
        Ok(found.is_ok() && image.is_object())
    }

    /// Whether the planted rows are seen by their tenants, under their tenants' ids: an attack on a
    /// row that is not there would hold whatever the walls are.
    pub(super) async fn is_there(
        &self,
        table: &Table,
        tenant: &str,
    ) -> Result<Result<(), Why>, Error> {
        for (actor, who, slot) in [
            (Actor::A, &self.live.a, "tenancy.probe_a"),
            (Actor::B, &self.live.b, "tenancy.probe_b"),
        ] {
            let condition = format!(
                "r.{} = {} AND r.tableoid = (pg_catalog.current_setting('{slot}')::jsonb ->> 'tableoid')::oid \
                 AND r.ctid = (pg_catalog.current_setting('{slot}')::jsonb ->> 'ctid')::tid",
                quoted(tenant),
                who.literal()
            );
            if !self.find(table, &condition, actor, "tenancy.probe_there").await? {
                return Ok(Err(format!(
                    "a row was put into {}, but its tenant does not see it",
                    table.sql()
                )));
            }
        }
        Ok(Ok(()))
    }
}

/// The value of a planted row's column, as an expression.
pub(super) fn value_of(table: &Table, slot: &str, column: &str) -> String {
    format!(
        "(pg_catalog.jsonb_populate_record(NULL::{}, \
         pg_catalog.current_setting('{slot}')::jsonb -> 'row')).{}",
        table.sql(),
        quoted(column)
    )
}

/// `INSERT INTO … VALUES …` of these values, under the alias `probe`.
pub(super) fn insert_values(
    table: &Table,
    tenant: Option<&(String, String)>,
    values: &[(String, String)],
) -> String {
    let (columns, row) = columns_and_row(tenant, values);
    if columns.is_empty() {
        return format!("INSERT INTO {} AS probe DEFAULT VALUES", table.sql());
    }
    format!(
        "INSERT INTO {} AS probe ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row})",
        table.sql()
    )
}

/// The two lists of an `INSERT`.
pub(super) fn columns_and_row(
    tenant: Option<&(String, String)>,
    values: &[(String, String)],
) -> (String, String) {
    let all: Vec<&(String, String)> = tenant.into_iter().chain(values).collect();
    let columns: Vec<String> = all.iter().map(|(column, _)| quoted(column)).collect();
    let row: Vec<&str> = all.iter().map(|(_, value)| value.as_str()).collect();
    (columns.join(", "), row.join(", "))
}
