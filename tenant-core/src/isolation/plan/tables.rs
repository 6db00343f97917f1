//! One table: its column, its rows, NOT NULL.

use super::{
    Phase, Step,
    found::{Found, Table},
    not_null_name,
};
use crate::{
    Error, TenantTable,
    isolation::{
        Isolation,
        backfill::{self, Backfill, Path, Source},
        table::add_column,
    },
    quote::quoted,
};

const INSTANT: &str =
    "ACCESS EXCLUSIVE on the table, for an instant: nothing is scanned or written";
const BATCHES: &str =
    "the rows of a few pages at a time, for some milliseconds; it waits for nobody";
const SCAN: &str = "SHARE UPDATE EXCLUSIVE for one scan: reads and writes go on";

/// How a table that has rows without a tenant gets them filled.
#[derive(Debug)]
enum Filling {
    /// Nothing is to be filled.
    None,
    /// There are no rows; the column stays open until the walls go up.
    NoRows,
    Value(crate::TenantId),
    Path(Path, usize),
    Column(String),
}

fn filling(isolation: &Isolation, index: usize, found: &Found) -> Result<Filling, Error> {
    let declared = &isolation.tenancy.tenant_tables()[index];
    let Some(table) = found.table(declared) else { return Ok(Filling::None) };
    if let Some(of_type) =
        table.of_type.as_deref().filter(|t| *t != isolation.tenancy.key().sql_type())
    {
        let key = isolation.tenancy.key();
        return Err(Error::Plan {
            why: format!(
                "the tenant column {} of {} is of type {of_type} and must be of type {key}: change its type, \
                 or declare the other key in tenancy!",
                declared.column(),
                table.name
            ),
        });
    }
    if table.not_null {
        return Ok(Filling::None);
    }
    let asked = isolation.backfills.iter().find(|(name, _)| name == declared.table());
    match asked.map(|(_, how)| how) {
        Some(Backfill::Value(id)) => Ok(Filling::Value(id.clone())),
        Some(Backfill::Along(name)) => path(isolation, index, found, Some(name)),
        Some(Backfill::Column(column)) if table.columns.contains(column) => {
            Ok(Filling::Column(column.clone()))
        }
        Some(Backfill::Column(column)) => {
            let why = format!(
                "{} has no column {column} that its rows could take their tenant from: name another one with \
                 Backfill::Column",
                table.name
            );
            Err(Error::Plan { why })
        }
        // Every row has its tenant; the application says whose a new one is.
        None if table.has_column && table.has_rows && !table.has_gaps => Ok(Filling::None),
        None if !table.has_rows => Ok(Filling::NoRows),
        None => path(isolation, index, found, None),
    }
}

/// The foreign key to follow: the one that is named, or the only one.
fn path(
    isolation: &Isolation,
    index: usize,
    found: &Found,
    named: Option<&str>,
) -> Result<Filling, Error> {
    let declared = isolation.tenancy.tenant_tables();
    let table = &declared[index];
    let state = found.table(table);
    let keys: Vec<_> = found
        .keys
        .iter()
        .filter(|key| state.is_some_and(|t| t.found == key.child) && key.parent != key.child)
        .filter(|key| named.is_none_or(|name| name == key.conname))
        .collect();
    let parent =
        |name: &str| declared.iter().position(|t| found.table(t).is_some_and(|t| t.found == name));
    if let [key] = keys.as_slice()
        && let Some(parent) = parent(&key.parent)
    {
        let pairs = key.columns.iter().cloned().zip(key.referenced.iter().cloned()).collect();
        let column = key.parent_col.clone();
        return Ok(Filling::Path(Path { parent: key.parent.clone(), column, pairs }, parent));
    }
    let name = table.table();
    let why = match named {
        Some(named) => format!(
            "{name} has no foreign key {named} to another tenant table that could be followed: name another one, \
             or give Backfill::Value"
        ),
        None if keys.is_empty() => format!(
            "{name} has rows that belong to no tenant, and no foreign key to a tenant table to follow: say whose they \
             are with Isolation::backfill, or add the column {} and set it in every row",
            table.column()
        ),
        None => format!(
            "{name} has rows that belong to no tenant, and several foreign keys that could be followed ({}): name one \
             with Isolation::backfill and Backfill::Along",
            keys.iter().map(|key| key.conname.as_str()).collect::<Vec<_>>().join(", ")
        ),
    };
    Err(Error::Plan { why })
}

/// The tables, each behind the one that its rows take their tenant from.
pub(super) fn in_order(isolation: &Isolation, found: &Found) -> Result<Vec<usize>, Error> {
    let tables = isolation.tenancy.tenant_tables();
    let mut order = Vec::new();
    for start in 0..tables.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| !order.contains(index)) {
            if way.contains(&index) {
                let names: Vec<String> =
                    way.iter().map(|i| tables[*i].table().to_string()).collect();
                let why = format!(
                    "the tables {} take their tenant from each other: say for one of them where it starts, with \
                     Isolation::backfill",
                    names.join(", ")
                );
                return Err(Error::Plan { why });
            }
            way.push(index);
            next = match filling(isolation, index, found)? {
                Filling::Path(_, parent) => Some(parent),
                _ => None,
            };
        }
        order.extend(way.into_iter().rev());
    }
    Ok(order)
}

/// The steps until the column is there, filled and NOT NULL.
pub(super) fn steps(
    isolation: &Isolation,
    index: usize,
    found: &Found,
) -> Result<Vec<Step>, Error> {
    let declared = &isolation.tenancy.tenant_tables()[index];
    let Some(table) = found.table(declared) else { return Ok(Vec::new()) };
    if table.not_null {
        return Ok(Vec::new());
    }
    let filling = filling(isolation, index, found)?;
    if let (Filling::Value(id), false) = (&filling, table.has_column) {
        return Ok(vec![add_filled(declared, table, id)]);
    }
    let mut steps = Vec::new();
    if !table.has_column {
        let sql = add_column(isolation.tenancy.key(), declared);
        steps.push(Step::prepare(format!("{}: the tenant column", table.found), sql, INSTANT));
    }
    match &filling {
        Filling::NoRows => return Ok(steps),
        Filling::None => {}
        Filling::Value(id) => {
            steps.extend(default(declared, table, id));
            steps.extend(fill(declared, table, &Source::Value(id)));
        }
        Filling::Path(path, _) => {
            let from = Source::Path(path);
            steps.extend(trigger(declared, table, &from, &format!("row of {}", path.parent)));
            steps.extend(fill(declared, table, &from));
        }
        Filling::Column(column) => {
            let from = Source::Column(column, isolation.tenancy.key());
            steps.extend(trigger(declared, table, &from, &quoted(column)));
            steps.extend(fill(declared, table, &from));
        }
    }
    steps.extend(not_null(declared, table));
    Ok(steps)
}

/// PostgreSQL keeps the default of a new column once for all rows that are there.
fn add_filled(declared: &TenantTable, table: &Table, id: &crate::TenantId) -> Step {
    let sql = format!(
        "ALTER TABLE {} ADD COLUMN {} {} NOT NULL DEFAULT {};\n",
        table.name,
        quoted(declared.column()),
        id.key(),
        backfill::literal(id)
    );
    let title = format!(
        "{}: the tenant column, all rows of tenant {id}, as are new ones until the walls go up",
        table.found
    );
    Step::prepare(title, sql, INSTANT)
}

fn default(declared: &TenantTable, table: &Table, id: &crate::TenantId) -> Option<Step> {
    let literal = backfill::literal(id);
    if table.usual.as_deref() == Some(literal.as_str()) {
        return None;
    }
    let sql = format!(
        "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {literal};\n",
        table.name,
        quoted(declared.column()),
    );
    let title = format!("{}: new rows are of tenant {id} until the walls go up", table.found);
    Some(Step::prepare(title, sql, INSTANT))
}

fn trigger(declared: &TenantTable, table: &Table, from: &Source<'_>, whose: &str) -> Option<Step> {
    if table.has_trigger {
        return None;
    }
    // A partition gets its table's triggers, a child of inheritance does not.
    let sql: String = table
        .tree
        .iter()
        .filter(|relation| !relation.partition)
        .map(|relation| backfill::trigger(declared, &relation.name, from))
        .collect();
    let title = format!(
        "{}: new rows are of the tenant of their {whose} until the walls go up",
        table.found
    );
    Some(Step::prepare(title, sql, "SHARE ROW EXCLUSIVE on the table, for an instant"))
}

fn fill(declared: &TenantTable, table: &Table, from: &Source<'_>) -> Vec<Step> {
    let relations = table
        .tree
        .iter()
        .filter(|relation| relation.table && (relation.has_gaps || !table.has_column));
    let step = |relation: &super::found::Relation| {
        let sql = backfill::fill_rows(declared, &relation.name, from);
        let title = format!("{}: every row gets its tenant", relation.name);
        Step::prepare(title, sql, BATCHES).alone()
    };
    relations.map(step).collect()
}

/// `SET NOT NULL` alone would scan the table under its lock; a check that is proven spares it that.
fn not_null(declared: &TenantTable, table: &Table) -> Vec<Step> {
    let (name, column) = (&table.name, quoted(declared.column()));
    let check = quoted(&not_null_name(declared));
    let mut steps = Vec::new();
    if !table.has_check {
        let sql = format!(
            "ALTER TABLE {name} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        );
        let title = format!("{}: no new row without a tenant", table.found);
        steps.push(Step::prepare(title, sql, INSTANT));
    }
    if !table.check_valid {
        let sql = format!("ALTER TABLE {name} VALIDATE CONSTRAINT {check};\n");
        let title = format!("{}: no row without a tenant", table.found);
        steps.push(Step::prepare(title, sql, SCAN));
    }
    let sql = format!(
        "ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {name} DROP CONSTRAINT {check};\n"
    );
    steps.push(Step::prepare(format!("{}: NOT NULL", table.found), sql, INSTANT));
    steps
}

/// A table without rows gets default and NOT NULL together with its walls: before that, nobody
/// could say whose a new row is.
pub(super) fn not_null_without_rows(
    isolation: &Isolation,
    index: usize,
    found: &Found,
) -> Option<Step> {
    let declared = &isolation.tenancy.tenant_tables()[index];
    let table = found.table(declared)?;
    if table.not_null || !matches!(filling(isolation, index, found), Ok(Filling::NoRows)) {
        return None;
    }
    let (name, column) = (&table.name, quoted(declared.column()));
    let sql = format!(
        "ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT tenancy.current_tenant(),\n  \
         ALTER COLUMN {column} SET NOT NULL;\n"
    );
    let title = format!("{}: a new row needs a tenant", table.found);
    Some(Step::new(title, sql, Phase::Enforce, "ACCESS EXCLUSIVE on the table, which has no rows"))
}
