//! What an adapter asks while a tenant's statements run.

use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use super::{Cell, ForeignRow, Tripwire};
use crate::{
    AuditEvent, AuditRecord, AuditSink, Tenancy, TenantId, TenantScope, Verified, audit::Refusal,
};

/// What a pool watches for: foreign rows, and refusals that the audit log should know of.
#[derive(Debug)]
pub struct Watch {
    columns: HashSet<String>,
    one_in: Option<NonZeroU32>,
    statements: AtomicU32,
    sink: Option<AuditSink>,
}

impl Watch {
    /// `None` where there is nothing to watch for, so that nothing is paid.
    pub fn new(
        tenancy: &Tenancy,
        tripwire: Option<Tripwire>,
        sink: Option<AuditSink>,
    ) -> Option<Arc<Self>> {
        let one_in = tripwire.map(|tripwire| tripwire.one_in);
        if one_in.is_none() && sink.is_none() {
            return None;
        }
        let columns = tenancy.tenant_tables().iter().map(|table| table.column().to_owned());
        let columns = columns.collect();
        Some(Arc::new(Self { columns, one_in, statements: AtomicU32::new(0), sink }))
    }

    /// Over one tenant's transaction.
    pub fn over(self: &Arc<Self>, scope: &TenantScope<Verified>) -> Watching {
        Watching(Arc::new(Inner {
            watch: self.clone(),
            tenant: scope.id().clone(),
            actor: scope.principal().to_string(),
            tripped: AtomicBool::new(false),
        }))
    }

    fn is_tenant_column(&self, name: &str) -> bool {
        // SeaORM names the columns of a query over several entities `A_id`, `B_id`…
        let behind_prefix = || match name.as_bytes() {
            [b'A'..=b'Z', b'_', ..] => self.columns.contains(&name[2..]),
            _ => false,
        };
        self.columns.contains(name) || behind_prefix()
    }
}

/// One tenant's transaction, watched. A clone watches the same one.
#[derive(Debug, Clone)]
pub struct Watching(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    watch: Arc<Watch>,
    tenant: TenantId,
    actor: String,
    tripped: AtomicBool,
}

impl Watching {
    /// How to look at the rows of the next statement; `None` if it is not its turn.
    pub fn statement(&self) -> Option<RowCheck> {
        let one_in = self.0.watch.one_in?.get();
        let statement = self.0.watch.statements.fetch_add(1, Ordering::Relaxed);
        statement.is_multiple_of(one_in).then(|| RowCheck { over: self.clone(), columns: None })
    }

    /// Whether a foreign row came back. Then nothing more may run, nor be committed.
    pub fn tripped(&self) -> bool {
        self.0.tripped.load(Ordering::Acquire)
    }

    /// A statement was refused.
    pub fn refused(&self, refusal: &Refusal, why: String) {
        self.record(refusal.record(&self.0.actor).tenant(&self.0.tenant).reason(why));
    }

    fn record(&self, record: AuditRecord) {
        if let Some(sink) = &self.0.watch.sink {
            sink.record(record);
        }
    }
}

/// A row, as it came back.
pub trait WatchedRow {
    /// How many columns it has.
    fn columns(&self) -> usize;

    /// Shows the name and the value of the column at this place; a value that is `None` is NULL.
    fn column<T>(&self, at: usize, look: impl FnOnce(&str, Option<Cell<'_>>) -> T) -> Option<T>;
}

/// The rows of one statement, looked at one after another.
#[derive(Debug)]
pub struct RowCheck {
    over: Watching,
    /// Where the tenant columns are; all rows of a statement have the same.
    columns: Option<Vec<usize>>,
}

impl RowCheck {
    /// Looks at a row.
    ///
    /// # Errors
    /// [`ForeignRow`]; it is told to `tracing`, and to the audit log where the pool has a sink, and
    /// the transaction is marked ([`Watching::tripped`]).
    pub fn row(&mut self, row: &impl WatchedRow) -> Result<(), ForeignRow> {
        let Inner { watch, tenant, tripped, .. } = &*self.over.0;
        let columns = self.columns.get_or_insert_with(|| {
            let is = |at: &usize| row.column(*at, |name, _| watch.is_tenant_column(name));
            (0..row.columns()).filter(|at| is(at).unwrap_or(false)).collect()
        });
        for &at in columns.iter() {
            let foreign = row.column(at, |name, cell| {
                let cell = cell.filter(|cell| !cell.is(tenant))?;
                let (column, found) = (name.to_owned(), cell.shown(tenant));
                Some(ForeignRow { tenant: tenant.clone(), column, found })
            });
            let Some(foreign) = foreign.flatten() else { continue };
            tripped.store(true, Ordering::Release);
            tracing::error!(
                target: "tenant",
                { tenant.id = %tenant, column = foreign.column, found = foreign.found },
                "a row of another tenant came back"
            );
            self.over.record(foreign.audit_record(&self.over.0.actor));
            return Err(foreign);
        }
        Ok(())
    }
}

impl ForeignRow {
    /// What the audit log should know of it. A pool with an [`AuditSink`] has recorded it already.
    pub fn audit_record(&self, actor: &str) -> AuditRecord {
        AuditRecord::new(AuditEvent::ForeignRow, actor)
            .tenant(&self.tenant)
            .reason(self.to_string())
            .detail(serde_json::json!({ "column": self.column, "found": self.found }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Principal, StaticRegistry, TableName, TenantKey, TenantRecord};

    /// Columns of a key that is a text.
    struct Row(&'static [(&'static str, Option<&'static str>)]);

    impl WatchedRow for Row {
        fn columns(&self) -> usize {
            self.0.len()
        }

        fn column<T>(
            &self,
            at: usize,
            look: impl FnOnce(&str, Option<Cell<'_>>) -> T,
        ) -> Option<T> {
            let (name, value) = self.0.get(at)?;
            Some(look(name, value.map(|value| Cell::binary(value.as_bytes()))))
        }
    }

    fn watching(one_in: u32) -> Watching {
        let tenancy = Tenancy::new(TenantKey::Text)
            .tenant_table(TableName::new("invoice"), None)
            .tenant_table(TableName::new("album"), Some("label"));
        let acme = TenantId::try_from("acme").unwrap();
        let registry = StaticRegistry::new([TenantRecord::new(acme.clone(), "acme")]);
        let claim = TenantScope::claim(acme, Principal::System("a test".into()));
        let scope = pollster::block_on(claim.verify(&registry)).unwrap();
        let tripwire = Tripwire::one_statement_in(NonZeroU32::new(one_in).unwrap());
        Watch::new(&tenancy, Some(tripwire), None).unwrap().over(&scope)
    }

    #[test]
    fn a_foreign_row_is_known_by_its_column_also_behind_a_prefix() {
        for foreign in [
            Row(&[("id", Some("1")), ("tenant_id", Some("globex"))]),
            Row(&[("tenant_id", Some("acme")), ("tenant_id", Some("globex"))]),
            Row(&[("A_tenant_id", Some("acme")), ("B_tenant_id", Some("globex"))]),
            Row(&[("label", Some("globex"))]),
        ] {
            let watching = watching(1);
            let found = watching.statement().unwrap().row(&foreign).unwrap_err();
            assert_eq!((found.found.as_str(), watching.tripped()), ("globex", true));
            assert!(!found.to_string().contains("globex"), "{found}");
        }
        let watching = watching(1);
        for own in [
            Row(&[("tenant_id", Some("acme")), ("label", None)]),
            Row(&[("A_tenant_id", Some("acme")), ("tenant_idx", Some("globex"))]),
            Row(&[("id", Some("globex"))]),
            Row(&[]),
        ] {
            watching.statement().unwrap().row(&own).unwrap();
        }
        assert!(!watching.tripped());
    }

    #[test]
    fn one_statement_in_so_many_is_looked_at() {
        let watching = watching(10);
        let looked = (0..1000).filter(|_| watching.statement().is_some()).count();
        assert_eq!(looked, 100);
    }

    #[test]
    fn without_anything_to_watch_for_there_is_no_watch() {
        assert!(Watch::new(&Tenancy::new(TenantKey::Text), None, None).is_none());
    }
}
