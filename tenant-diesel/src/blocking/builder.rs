use std::{sync::Arc, time::Duration};

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    pg::Pg,
    r2d2::{ConnectionManager, Pool},
    result::Error as DieselError,
};
use tenant_core::{
    AuditSink, Layout, Limits, Pooler, Seal, Tenancy, Tripwire,
    adapter::{IsolationCheck, Opening, OpeningOptions, Watch},
};

use super::{
    TenantDb,
    pooler::{self, Statements},
};
use crate::{
    Error,
    asked::{Counted, Found},
    builder::{ACQUIRE_TIMEOUT, MAX_CONNECTIONS},
    look::Look,
};

/// Builds a [`TenantDb`]; made by [`TenantDb::builder`].
#[must_use = "a builder does nothing until `connect`"]
#[derive(Debug)]
pub struct TenantDbBuilder {
    tenancy: Tenancy,
    layout: Option<Layout>,
    max_connections: u32,
    acquire_timeout: Duration,
    opening: OpeningOptions,
    audit: bool,
    tripwire: Option<Tripwire>,
    sink: Option<AuditSink>,
    pooler: Pooler,
}

impl TenantDbBuilder {
    pub(super) fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            opening: OpeningOptions::default(),
            audit: true,
            tripwire: None,
            sink: None,
            pooler: Pooler::None,
        }
    }

    /// The names that the isolation was installed with. The default is `Layout::new` with the
    /// database's name: its roles, and the schema `public`.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// How many connections the pool has at most. The default is 10.
    pub fn max_connections(mut self, max: u32) -> Self {
        self.max_connections = max.max(1);
        self
    }

    /// How long a caller waits for a connection, be it for a free one or for a new one. The
    /// default is 30 seconds.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long ago a scope may have been verified. The default is five minutes.
    pub fn max_scope_age(mut self, max: Duration) -> Self {
        self.opening.max_scope_age(max);
        self
    }

    /// Which database this is, by the name that tenants' placements have for it. The default is
    /// [`Placement::MAIN`](crate::Placement::MAIN). A tenant that lives in another one is refused.
    pub fn database_name(mut self, name: impl Into<String>) -> Self {
        self.opening.database(name);
        self
    }

    /// In which region the database is. A tenant that must stay in another one is refused.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.opening.region(region);
        self
    }

    /// Seals every tenant's transaction with this key, so that nothing that runs inside of one can
    /// switch the tenant. The database must be sealed, too ([`Binding::Sealed`](crate::Binding)) and
    /// know the key ([`SealKeys::add`](crate::SealKeys::add)).
    pub fn seal(mut self, seal: Seal) -> Self {
        self.opening.seal(seal);
        self
    }

    /// What each transaction may use at most; it rides along with `BEGIN`.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.opening.limits(limits);
        self
    }

    /// What the transactions of tenants on this plan may use at most. What these limits do not name
    /// is as in [`limits`](Self::limits).
    pub fn plan_limits(mut self, plan: impl Into<String>, limits: Limits) -> Self {
        self.opening.plan_limits(plan, limits);
        self
    }

    /// Looks at the rows that come back, for one of another tenant. It is off unless asked for.
    pub fn tripwire(mut self, tripwire: Tripwire) -> Self {
        self.tripwire = Some(tripwire);
        self
    }

    /// Where refused writes, quotas that were hit and foreign rows are recorded, without anybody
    /// waiting for it. What records them is async, and wants a runtime somewhere.
    pub fn audit_sink(mut self, sink: AuditSink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// What stands between the pool and PostgreSQL. Default: nothing, or a pooler in session mode.
    pub fn pooler(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Leaves out the check for tenant tables in what runs on a shared handle, with a reason that
    /// goes to the log. The types and the shared role remain.
    pub fn without_shared_audit_unchecked(mut self, reason: &'static str) -> Self {
        tracing::warn!(target: "tenant", reason, "shared statements are not checked");
        self.audit = false;
        self
    }

    /// Opens the pool without asking the database whether it would isolate tenants: a login that
    /// bypasses row security, a table without it, a missing role or seal, a server whose plans
    /// outlive a change of role are then nobody's business but yours; so is a pooler that nobody
    /// declared. The reason goes to the log.
    pub fn without_startup_check_unchecked(mut self, reason: &'static str) -> Self {
        self.opening.without_startup_check_unchecked(reason);
        self
    }

    /// Opens one connection, so that a wrong address or a refused login is told here and not by
    /// the first request, and builds the pool.
    ///
    /// # Errors
    /// [`Error::NotIsolated`] when the database would not keep tenants apart,
    /// [`Error::Core`] for a declaration that cannot hold, [`Error::Connect`] for a connection that
    /// cannot be made, [`Error::Pooler`] for a pooler that was not declared or cannot work.
    pub fn connect(self, url: impl Into<String>) -> Result<TenantDb, Error> {
        let url = url.into();
        self.tenancy.check()?;
        // r2d2 would try again until its time is up, and say only that it is.
        let mut first = PgConnection::establish(&url).map_err(Error::not_connected)?;
        if !self.opening.is_start_unchecked() {
            pooler::hold(&mut first)?;
        }
        let layout = match self.layout {
            Some(layout) => layout,
            None => asked::<Found>(&mut first, Found::QUERY)?.layout()?,
        };
        let mut opening =
            Opening::new(&layout, self.tenancy.key(), &self.opening)?.declared(&self.tenancy);
        if let Some(check) = self.opening.startup_check(&self.tenancy, &layout)? {
            first.batch_execute(check.sql()).map_err(Error::not_started)?;
            if let Some(question) = opening.question() {
                opening = opening.counted(asked::<Counted>(&mut first, question)?.counted);
            }
            pooler::check(&mut first, &url, self.pooler)?;
        }
        drop(first);
        let pool = Pool::builder()
            .max_size(self.max_connections)
            .min_idle(Some(0))
            .connection_timeout(self.acquire_timeout)
            // The message with BEGIN tells whether a connection lives; a ping is one more trip.
            .test_on_check_out(false)
            .connection_customizer(Box::new(Statements(self.pooler)))
            .build(ConnectionManager::<PgConnection>::new(&url))
            .map_err(|e| Error::Connect { source: e.into() })?;
        let look = Arc::new(Look::new(&self.tenancy, &layout, self.audit));
        let check = IsolationCheck::new(&self.tenancy, &layout, &opening).behind(self.pooler);
        let (opening, timeout) = (Arc::new(opening), self.acquire_timeout);
        let watch = Watch::new(&self.tenancy, self.tripwire, self.sink);
        Ok(TenantDb::new(pool, opening, look, timeout, check, watch, url.into()))
    }
}

/// The one row that answers this.
fn asked<T>(connection: &mut PgConnection, question: &str) -> Result<T, Error>
where
    T: QueryableByName<Pg> + 'static,
{
    diesel::sql_query(question)
        .get_result(connection)
        .map_err(|error: DieselError| Error::not_connected(error))
}
