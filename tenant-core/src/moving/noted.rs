//! What the triggers have noted: the keys of rows that were written since the last look.

use std::collections::BTreeSet;

use super::{MoveError, error::at};
use crate::{
    SessionError, SqlSession, TenantId,
    export::{
        snapshot::Snapshot,
        tables::{Table, literal},
    },
};

/// How many notes one statement deletes.
const NOTES: usize = 10_000;

/// Keys of rows, each a JSON object, in the order of the tables.
pub(super) type Keys = Vec<BTreeSet<String>>;

#[derive(Debug, Default)]
pub(super) struct Noted {
    ids: Vec<String>,
    pub(super) keys: Keys,
    /// Some of it was written by another transaction than the one that looks.
    pub(super) by_others: bool,
}

impl Noted {
    /// What this transaction sees, of these tables.
    pub(super) async fn read(
        snapshot: &Snapshot,
        tables: impl Iterator<Item = &Table>,
        tenant: &TenantId,
    ) -> Result<Self, MoveError> {
        let oids: Vec<String> = tables.map(|table| table.found.oid.to_string()).collect();
        let mut noted = Self { keys: vec![BTreeSet::new(); oids.len()], ..Self::default() };
        let oids = format!("ARRAY[{}]::oid[]", oids.join(", "));
        let query = format!(
            "SELECT concat_ws(' ', c.id, array_position({oids}, c.relation) - 1, \
             c.writer IS DISTINCT FROM pg_current_xact_id_if_assigned(), c.key) \
             FROM tenancy.move_changes AS c WHERE c.tenant_id = {} AND c.relation = ANY ({oids})",
            literal(tenant)
        );
        let failed = at("a look at `tenancy.move_changes`");
        let cursor = snapshot.cursor(&query).await.map_err(&failed)?;
        loop {
            let lines = cursor.next().await.map_err(&failed)?;
            if lines.is_empty() {
                return Ok(noted);
            }
            for line in &lines {
                noted.add(line).ok_or_else(|| {
                    failed(SessionError::driver("it holds something else than keys"))
                })?;
            }
        }
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut words = line.splitn(4, ' ');
        let id = words.next()?;
        let table = words.next()?.parse::<usize>().ok()?;
        self.by_others |= words.next()? == "t";
        self.keys.get_mut(table)?.insert(words.next()?.to_owned());
        self.ids.push(id.to_owned());
        Some(())
    }

    /// How many notes.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Deletes these notes, and none that came later.
    pub(super) async fn forget(
        &self,
        session: &dyn SqlSession,
        tenant: &TenantId,
    ) -> Result<(), MoveError> {
        for ids in self.ids.chunks(NOTES) {
            let sql = format!(
                "DELETE FROM tenancy.move_changes WHERE tenant_id = {} AND id = ANY (ARRAY[{}]::bigint[])",
                literal(tenant),
                ids.join(", ")
            );
            session.batch(&sql).await.map_err(at("the notes in `tenancy.move_changes`"))?;
        }
        Ok(())
    }
}
