//! One end of a move: a connection of its own to its database, and where the tenant's tables are there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{MoveError, error::at, lock::locked};
use crate::{
    Erasure, ErasureError, Error, Layout, Placement, SessionError, SqlSession, TableName, Tenancy,
    TenantId,
    export::{
        snapshot::Snapshot,
        tables::{Table, Tables, literal},
    },
    isolation::{ERASER, MOVER, UNCOUNTED},
    quote_literal,
    work::Work,
};

/// Seconds between two attempts to get a lock, at first and at last. Others have the tables meanwhile.
const PAUSES: (f64, f64) = (0.02, 0.5);

pub(super) const SOURCE: &str = "source";
pub(super) const TARGET: &str = "target";

pub(super) struct Side {
    /// [`SOURCE`] or [`TARGET`].
    role: &'static str,
    pub(super) session: Arc<dyn SqlSession>,
    pub(super) place: Placement,
    tenancy: Tenancy,
    layout: Layout,
    tenant: TenantId,
    /// Which database of which server.
    pub(super) identity: String,
    /// The other side is the same database.
    pub(super) same: bool,
}

/// Which database of which server a session is of.
pub(super) async fn identity(session: &dyn SqlSession) -> Result<String, MoveError> {
    let sql = "SELECT concat_ws(' ', d.oid, extract(epoch FROM pg_postmaster_start_time()), d.datname) AS identity \
               FROM pg_database AS d WHERE d.datname = current_database()";
    let rows = session.rows(sql, &[]).await.map_err(at("the name of the database"))?;
    let identity = rows.first().and_then(|row| row.get("identity")?.as_str());
    Ok(identity.unwrap_or_default().to_owned())
}

impl Side {
    pub(super) async fn open(
        session: &dyn SqlSession,
        role: &'static str,
        place: &Placement,
        (tenancy, layout, tenant): (&Tenancy, &Layout, &TenantId),
    ) -> Result<Self, MoveError> {
        let layout = match place.schema_name() {
            Some(schema) => layout.tenant_schema(schema)?,
            None => layout.clone(),
        };
        let session = locked(session, role, tenant).await?;
        Ok(Self {
            role,
            identity: identity(&session).await?,
            session,
            place: place.clone(),
            tenancy: tenancy.clone(),
            layout,
            tenant: tenant.clone(),
            same: false,
        })
    }

    /// A transaction over the tables, under locks of this mode.
    pub(super) async fn snapshot(&self, begin: &str, lock: &str) -> Result<Snapshot, MoveError> {
        let session = Box::new(Arc::clone(&self.session));
        Ok(Snapshot::on(session, begin, lock, &self.tenancy, Some(&self.layout)).await?)
    }

    async fn tables(&self) -> Result<Tables, MoveError> {
        Ok(Tables::read(&*self.session, &self.tenancy, Some(&self.layout)).await?)
    }

    /// Says in a transaction that it is a mover's: rows that only change their table are not counted.
    pub(super) fn as_mover(&self) -> String {
        let kind = if self.same { UNCOUNTED } else { "counted" };
        format!("SET LOCAL {MOVER} = '{kind}'")
    }

    /// From here on the tenant writes none of its rows in these tables.
    pub(super) async fn freeze(&self, patience: Duration) -> Result<(), MoveError> {
        let tables = self.tables().await?;
        let sql = format!(
            "SELECT tenancy.freeze({}, {}) AS done",
            listed(&tables),
            literal(&self.tenant)
        );
        if self.patiently("the freeze of the tenant's writes", &sql, patience).await? {
            return Ok(());
        }
        Err(held("frozen", &tables))
    }

    /// From here on the keys of the tenant's rows are noted that somebody writes in these tables.
    pub(super) async fn watch(&self, patience: Duration) -> Result<(), MoveError> {
        let tables = self.tables().await?;
        let key = |table: &Table| table.keys().iter().map(|key| key.name.clone()).collect();
        let keys: Vec<Vec<String>> = tables.all.iter().map(key).collect();
        let keys = serde_json::to_string(&keys).map_err(SessionError::driver);
        let sql = format!(
            "SELECT tenancy.watch({}, {}::json, {}, {}) AS done",
            listed(&tables),
            quote_literal(&keys.map_err(at("the tables' keys"))?),
            literal(&self.tenant),
            quote_literal(self.role)
        );
        if self.patiently("the triggers that note the tenant's writes", &sql, patience).await? {
            return Ok(());
        }
        Err(held("noted", &tables))
    }

    /// Lets the server know how many rows there are, where nobody holds the table; else it finds out later.
    /// A planner that has not heard of them would look through all for each, also in a cascade of the erasure.
    pub(super) async fn analyze(&self) -> Result<(), MoveError> {
        for table in self.tables().await?.all {
            let sql =
                format!("SELECT tenancy.analyze_moved({}::oid::regclass) AS done", table.found.oid);
            self.session.rows(&sql, &[]).await.map_err(at("the statistics of the tables"))?;
        }
        Ok(())
    }

    /// The tenant's rows here can be written again, whoever may, and nothing of it is noted.
    pub(super) async fn thaw(&self, patience: Duration) -> Result<(), MoveError> {
        let tables = self.tables().await?;
        for table in &tables.all {
            let sql = format!(
                "SELECT tenancy.thaw({}::oid::regclass, {}) AS done",
                table.found.oid,
                quote_literal(&self.tenant.to_string())
            );
            if !self.patiently("the end of the freeze", &sql, patience).await? {
                return Err(MoveError::Held { what: "let in again", table: table.label() });
            }
        }
        self.forget(&tables).await
    }

    /// Also notes of tables that are no more, or not declared any more. The target leaves those of a source in
    /// the same database, which are still to be looked at.
    async fn forget(&self, tables: &Tables) -> Result<(), MoveError> {
        let mut sql =
            format!("DELETE FROM tenancy.move_changes WHERE tenant_id = {}", literal(&self.tenant));
        if self.same && self.role == TARGET {
            sql.push_str(&format!(" AND relation = ANY (ARRAY[{}]::oid[])", oids(tables)));
        }
        self.session.batch(&sql).await.map_err(at("the notes in `tenancy.move_changes`"))
    }

    /// Asks until the answer is yes, for so long.
    async fn patiently(
        &self,
        what: &str,
        sql: &str,
        patience: Duration,
    ) -> Result<bool, MoveError> {
        let until = Instant::now() + patience;
        let mut pause = PAUSES.0;
        loop {
            let rows = self.session.rows(sql, &[]).await.map_err(at(what))?;
            if rows.first().and_then(|row| row.get("done")) == Some(&Value::Bool(true)) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            sleep(&*self.session, pause).await?;
            pause = (pause * 2.0).min(PAUSES.1);
        }
    }

    /// Whether nothing was written here behind the last look: it would be in no other place.
    pub(super) async fn check_nothing_came_late(&self) -> Result<(), MoveError> {
        let sql = format!(
            "SELECT c.relation::regclass::text AS name FROM tenancy.move_changes AS c \
             WHERE c.tenant_id = {} AND c.relation = ANY (ARRAY[{}]::oid[]) LIMIT 1",
            literal(&self.tenant),
            oids(&self.tables().await?)
        );
        let late = self.session.rows(&sql, &[]).await;
        let late = late.map_err(at("a look at `tenancy.move_changes`"))?;
        match late.first().and_then(|row| row.get("name")?.as_str()) {
            Some(table) => Err(MoveError::Late { table: table.to_owned() }),
            None => Ok(()),
        }
    }

    /// Erases the tenant's rows here, and leaves those of the other side.
    pub(super) async fn erase(&self, other: &Self) -> Result<(), MoveError> {
        let erasure = self.erasure(other).await?;
        let work = self.work().await?;
        let erased = erasure.erase_rows(&work).await.map_err(|error| self.not_erased(error));
        work.end(erased, at("the erasure of the rows that are left behind")).await
    }

    /// Whether they could be erased now.
    pub(super) async fn may_be_erased(&self, other: &Self) -> Result<(), MoveError> {
        let erasure = self.erasure(other).await?;
        let work = self.work().await?;
        let checked = erasure.check_rows(&work).await.map_err(|error| self.not_erased(error));
        work.end(checked, at("a look at what is to be erased")).await
    }

    fn not_erased(&self, error: ErasureError) -> MoveError {
        MoveError::Erasure { place: self.place.clone(), source: Box::new(error) }
    }

    async fn erasure(&self, other: &Self) -> Result<Erasure, MoveError> {
        let erasure = Erasure::new(&self.tenancy, self.tenant.clone()).layout(&self.layout);
        let mut erasure = erasure.rows_only();
        if self.same {
            for table in other.tables().await?.all {
                let name = TableName::new(&table.found.name)?.in_schema(&table.found.schema)?;
                erasure = erasure.keep(name, "the other side of the move");
            }
        }
        Ok(erasure)
    }

    async fn work(&self) -> Result<Work, MoveError> {
        let session = Box::new(Arc::clone(&self.session));
        let work = Work::on(session).await.map_err(at("a transaction"))?;
        let eraser = format!("{}; SET LOCAL {ERASER} = 'on'", self.as_mover());
        work.session().batch(&eraser).await.map_err(at("a transaction"))?;
        Ok(work)
    }

    /// Waits until every transaction of this database has ended that is open now: one that was opened
    /// before the switch could still read here.
    pub(super) async fn outlive_transactions(&self) -> Result<(), MoveError> {
        let what = "a look at the transactions that are open";
        let told = "SELECT has_function_privilege('pg_catalog.pg_stat_get_backend_idset()', 'EXECUTE') AS told";
        let rows = self.session.rows(told, &[]).await.map_err(at(what))?;
        // Where activity is hidden, those of all databases are waited for.
        let here = match rows.first().and_then(|row| row.get("told")) {
            Some(Value::Bool(true)) => {
                "AND l.pid IN (SELECT pg_stat_get_backend_pid(b) FROM pg_stat_get_backend_idset() AS b \
                 JOIN pg_database AS d ON d.oid = pg_stat_get_backend_dbid(b) WHERE d.datname = current_database())"
            }
            _ => "",
        };
        let open = format!(
            "SELECT l.virtualxid AS id FROM pg_locks AS l WHERE l.locktype = 'virtualxid' AND l.granted \
             AND l.virtualxid = l.virtualtransaction AND l.pid <> pg_backend_pid() {here}"
        );
        let rows = self.session.rows(&open, &[]).await.map_err(at(what))?;
        let ids = rows.iter().filter_map(|row| row.get("id")?.as_str()).map(quote_literal);
        let ids = ids.collect::<Vec<_>>().join(", ");
        let left = format!(
            "SELECT NOT EXISTS (SELECT FROM pg_locks AS l WHERE l.locktype = 'virtualxid' \
             AND l.virtualxid = ANY (ARRAY[{ids}]::text[]) AND l.virtualxid = l.virtualtransaction) AS done"
        );
        while !self.patiently(what, &left, Duration::from_mins(1)).await? {
            tracing::info!(target: "tenant::move", step = "switched", tenant.id = %self.tenant, "waits for old transactions");
        }
        Ok(())
    }

    /// What is declared must be found in the schema of a tenant's own.
    pub(super) fn check_declaration(&self) -> Result<(), Error> {
        let fixed = self.tenancy.tenant_tables().iter().find(|t| t.table().schema().is_some());
        let (Some(schema), Some(fixed)) = (self.place.schema_name(), fixed) else { return Ok(()) };
        let why = format!(
            "the tenant table {} is declared with its schema, so it is not in `{schema}`; declare it \
             without",
            fixed.table()
        );
        Err(Error::InvalidPlacement { why })
    }
}

fn oids(tables: &Tables) -> String {
    let oids: Vec<String> = tables.all.iter().map(|t| t.found.oid.to_string()).collect();
    oids.join(", ")
}

/// The tables, and their tenant columns.
fn listed(tables: &Tables) -> String {
    let columns: Vec<String> =
        tables.all.iter().map(|t| quote_literal(&t.found.tenant_column)).collect();
    format!("ARRAY[{}]::oid[]::regclass[], ARRAY[{}]::name[]", oids(tables), columns.join(", "))
}

fn held(what: &'static str, tables: &Tables) -> MoveError {
    let labels: Vec<String> = tables.all.iter().map(Table::label).collect();
    MoveError::Held { what, table: format!("one of {}", labels.join(", ")) }
}

/// The server's, since core has no clock of its own to wait by.
pub(super) async fn sleep(session: &dyn SqlSession, seconds: f64) -> Result<(), MoveError> {
    let sql = format!("SELECT pg_sleep({seconds})::text AS slept");
    session.rows(&sql, &[]).await.map(drop).map_err(at("a pause"))
}
