//! What there is of a tenant, and what is in the way of its erasure.

use serde::Deserialize;

use super::{
    AlsoAffected, Erasure, ErasureError, ErasurePlan, KeptTable, PlannedTable, hanging,
    registered::{self, OwnTable, Registered, number, read},
    statements::{count, literal, steps},
};
use crate::{
    Layout, Placement, Unnarrowed,
    catalogue::{self, CatalogueTable, TenantTables, unnarrowed},
    work::Work,
};

#[derive(Debug)]
pub(super) struct Look {
    /// Those that are not kept.
    pub(super) tables: TenantTables,
    /// In the tables' order; `None` where the login may not read.
    pub(super) rows: Vec<Option<u64>>,
    pub(super) own: Vec<(OwnTable, Option<u64>)>,
    pub(super) also: Vec<AlsoAffected>,
    pub(super) kept: Vec<KeptTable>,
    pub(super) unnarrowed: Unnarrowed,
    pub(super) registered: Option<Registered>,
    pub(super) problems: Vec<ErasureError>,
}

#[derive(Deserialize)]
struct Rights {
    login: String,
    reads: bool,
    deletes: bool,
}

impl Look {
    /// Looks, in a transaction that then goes on; `locked` keeps the tenant's row as it is.
    pub(super) async fn take(
        erasure: &Erasure,
        work: &Work,
        locked: bool,
    ) -> Result<Self, ErasureError> {
        let id = literal(&erasure.id);
        let layout = erasure.layout.as_ref();
        let mut tables = catalogue::read(work.session(), &erasure.tenancy, layout).await?;
        let registered =
            if erasure.rows_only { None } else { registered::find(work, &id, locked).await? };
        let (kept, mut left) = erasure.leave_kept(&mut tables);
        // What the erasure could reach of those that are kept has to be seen as well.
        left.retain(|table| hanging::may_reach(&tables, table));
        let mut seen = tables.clone();
        seen.tables.append(&mut left);
        let mut look = Self {
            unnarrowed: unnarrowed(work.session(), &seen).await?,
            rows: Vec::new(),
            own: Vec::new(),
            also: Vec::new(),
            problems: Vec::new(),
            tables,
            kept,
            registered,
        };
        look.count(erasure, work, &id).await?;
        hanging::find(&mut look, work, &id).await?;
        if erasure.rows_only {
            return Ok(look);
        }
        for own in registered::own_tables(work, erasure.tenancy.key()).await? {
            let rows = if own.reads {
                Some(number(work, &count(&own.table, "tenant_id", &id)).await?)
            } else {
                None
            };
            look.own.push((own, rows));
        }
        let tombstone = registered::tombstone(work, &id).await?;
        look.judge(erasure, tombstone);
        Ok(look)
    }

    async fn count(
        &mut self,
        erasure: &Erasure,
        work: &Work,
        id: &str,
    ) -> Result<(), ErasureError> {
        let mut undeclared = Vec::new();
        for table in &self.tables.tables {
            let sql = format!(
                "SELECT current_user AS login, has_table_privilege({0}::oid, 'SELECT') AS reads, \
                 has_table_privilege({0}::oid, 'DELETE') AS deletes",
                table.oid
            );
            let rights = read::<Rights>(work.session().rows(&sql, &[]).await?)?.pop();
            let reads = rights.as_ref().is_some_and(|rights| rights.reads);
            let erases = erasure.erases(table);
            let rows = if reads {
                Some(number(work, &count(&table.label(), &table.column(), id)).await?)
            } else {
                None
            };
            if let Some(rights) = rights
                && (!reads || erases && !rights.deletes && rows != Some(0))
            {
                let (table, login) = (table.label(), rights.login);
                self.problems.push(ErasureError::NoPrivilege { table, login });
            }
            if let Some(rows) = rows.filter(|rows| *rows > 0 && !erases) {
                undeclared.push(format!("{} ({rows} rows)", table.label()));
            }
            self.rows.push(rows);
        }
        if !undeclared.is_empty() {
            self.problems.push(ErasureError::Undeclared { tables: undeclared });
        }
        Ok(())
    }

    /// What the registry says, before everything else that is in the way.
    fn judge(&mut self, erasure: &Erasure, tombstone: Option<String>) {
        let tenant = erasure.id.clone();
        let place = self.registered.as_ref().map(|found| {
            let layout = erasure.layout.as_ref();
            found.placement().and_then(|place| place.is_found(Placement::MAIN, &tenant, layout))
        });
        if let Some(Err(elsewhere)) = place {
            self.problems.insert(0, elsewhere.into());
        }
        let nothing = self.rows.iter().all(|rows| *rows == Some(0));
        let problem = match (&self.registered, tombstone) {
            (Some(Registered { legal_hold: Some(reason), .. }), _) => {
                ErasureError::LegalHold { tenant, reason: reason.clone() }
            }
            (Some(Registered { moving: true, .. }), _) => ErasureError::Moving(tenant),
            (None, Some(receipt)) if nothing => ErasureError::AlreadyErased { tenant, receipt },
            (None, None) if !erasure.unregistered => ErasureError::Unknown(tenant),
            _ => return,
        };
        self.problems.insert(0, problem);
    }

    /// The first thing that is in the way.
    pub(super) fn obstacle(&mut self) -> Result<(), ErasureError> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems.remove(0)) }
    }

    /// What is erased, group by group, children before parents, with the places in `tables`.
    pub(super) fn groups(&self, erasure: &Erasure) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        for (at, table) in self.tables.tables.iter().enumerate().rev() {
            if !erasure.erases(table) {
                continue;
            }
            match groups.last_mut() {
                Some(group) if last == Some(table.group) => group.push(at),
                _ => groups.push(vec![at]),
            }
            last = Some(table.group);
        }
        groups
    }

    pub(super) fn at(&self, group: &[usize]) -> Vec<&CatalogueTable> {
        group.iter().filter_map(|at| self.tables.tables.get(*at)).collect()
    }

    /// The path that the application's triggers expect, and row security as it was looked at.
    pub(super) fn set(&self, erasure: &Erasure) -> String {
        let path = erasure.layout.as_ref().map_or("public, pg_temp".to_owned(), Layout::path);
        format!("SET LOCAL search_path = {path}; {}", self.unnarrowed.set())
    }

    pub(super) fn plan(self, erasure: &Erasure) -> ErasurePlan {
        let id = literal(&erasure.id);
        let mut tables = Vec::new();
        for group in self.groups(erasure) {
            let members = self.at(&group);
            let chunk = erasure.chunk.map(|rows| steps(&members, &self.tables.keys, &id, rows));
            let whole = chunk.map_or(members.len() > 1, |steps| steps.is_none());
            tables.extend(group.iter().zip(members).map(|(at, table)| PlannedTable {
                table: table.label(),
                rows: self.rows.get(*at).copied().flatten(),
                declared: table.is_declared(),
                whole,
            }));
        }
        tables.extend(self.own.into_iter().map(|(own, rows)| PlannedTable {
            table: own.table,
            rows,
            declared: true,
            whole: false,
        }));
        ErasurePlan {
            tenant: erasure.id.clone(),
            tables,
            also: self.also,
            kept: self.kept,
            elsewhere: self.tables.elsewhere,
            obstacles: self.problems.iter().map(ToString::to_string).collect(),
            row_security: self.unnarrowed,
        }
    }
}

impl Erasure {
    fn erases(&self, table: &CatalogueTable) -> bool {
        table.is_declared() || self.undeclared
    }

    /// Takes the kept tables out of those that are erased.
    fn leave_kept(&self, tables: &mut TenantTables) -> (Vec<KeptTable>, Vec<CatalogueTable>) {
        let home = self.layout.as_ref().map_or("public", Layout::home);
        let (mut kept, mut left) = (Vec::new(), Vec::new());
        tables.tables.retain(|table| {
            let why = self.kept.iter().find(|(name, _)| {
                name.name() == table.name && name.schema().unwrap_or(home) == table.schema
            });
            if let Some((_, reason)) = why {
                kept.push(KeptTable { table: table.label(), reason: reason.clone() });
                left.push(table.clone());
            }
            why.is_none()
        });
        (kept, left)
    }
}
