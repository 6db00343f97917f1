use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{ConnectOptions, metric::Info};
use tenant_core::{
    AuditSink, DatabaseAddress, Databases, Layout, Limits, Pooler, Seal, Tenancy, Tripwire,
    adapter::{IsolationCheck, Member, Opening, OpeningOptions, Router, StartupCheck, Watch},
};
use tokio::time::timeout;

use crate::{
    Error, TenantDb,
    hooks::{Hooks, MetricCallback},
    internals,
    pool::{Fate, Lent, Pool, Share},
    pooler,
    routes::{Home, Routes},
    shared::Audit,
};

/// How long a caller waits in line unless told otherwise, as SeaORM has it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Settings for a [`TenantDb`]; made by [`TenantDb::builder`].
///
/// What is not set here is as in the `ConnectOptions` given to [`connect`](Self::connect), and else
/// as SeaORM has it: ten connections, thirty seconds.
#[derive(Clone)]
#[must_use = "it does nothing until `connect` is called"]
pub struct TenantDbBuilder {
    tenancy: Tenancy,
    layout: Option<Layout>,
    max_connections: Option<u32>,
    acquire_timeout: Option<Duration>,
    opening: OpeningOptions,
    pooler: Pooler,
    metrics: Option<MetricCallback>,
    shared_audit_off: Option<&'static str>,
    tripwire: Option<Tripwire>,
    sink: Option<AuditSink>,
    databases: Option<Databases>,
}

impl TenantDbBuilder {
    pub(crate) fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            max_connections: None,
            acquire_timeout: None,
            opening: OpeningOptions::default(),
            pooler: Pooler::None,
            metrics: None,
            shared_audit_off: None,
            tripwire: None,
            sink: None,
            databases: None,
        }
    }

    /// The names that the database's isolation was installed with. The default is `Layout::new`
    /// with the database's name: its roles, and the schema `public`.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// How many connections there may be, and so how many transactions at once.
    pub fn max_connections(mut self, max: u32) -> Self {
        self.max_connections = Some(max.max(1));
        self
    }

    /// How long `begin` waits for a free connection, for a new one, and for `BEGIN`'s answer: for
    /// each of them.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = Some(timeout);
        self
    }

    /// How long ago a scope may have been verified. Default: five minutes.
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

    /// Opens tenants that live in other databases, too: [`connect`](Self::connect)'s URL is the one of
    /// [`database_name`](Self::database_name), those of the others come from the provider. They are
    /// opened with this builder's settings and, where they say nothing, SeaORM's: the options that
    /// `connect` is given are its own database's alone. [`max_connections`](Self::max_connections) is
    /// what each has at most, and [`layout`](Self::layout) that of all; without one, each has its own
    /// default.
    ///
    /// ```no_run
    /// # async fn f(tenancy: &tenant_seaorm::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_seaorm::{DatabaseAddress, Databases, StaticDatabases, TenantDb};
    ///
    /// let eu = DatabaseAddress::new(std::env::var("EU_1")?).region("eu");
    /// let databases = Databases::new(StaticDatabases::new().database("eu-1", eu)).max_connections(40);
    /// let db = TenantDb::builder(tenancy).databases(databases);
    /// let db = db.connect("postgres://shop_login@localhost/shop").await?;
    /// # Ok(()) }
    /// ```
    pub fn databases(mut self, databases: Databases) -> Self {
        self.databases = Some(databases);
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
    ///
    /// ```no_run
    /// # async fn f(tenancy: &tenant_seaorm::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_seaorm::{Seal, SealKey, TenantDb};
    ///
    /// let key = SealKey::from_hex("k1", &std::env::var("TENANT_SEAL_KEY")?)?;
    /// let db = TenantDb::builder(tenancy).seal(Seal::new(key)).connect("postgres://shop_login@localhost/shop").await?;
    /// # Ok(()) }
    /// ```
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
    ///
    /// ```
    /// # fn f(tenancy: &tenant_seaorm::Tenancy) -> tenant_seaorm::TenantDbBuilder {
    /// use std::time::Duration;
    /// use tenant_seaorm::{Limits, TenantDb};
    ///
    /// TenantDb::builder(tenancy)
    ///     .limits(Limits::new().statement_timeout(Duration::from_secs(30)))
    ///     .plan_limits("free", Limits::new().statement_timeout(Duration::from_secs(2)))
    /// # }
    /// ```
    pub fn plan_limits(mut self, plan: impl Into<String>, limits: Limits) -> Self {
        self.opening.plan_limits(plan, limits);
        self
    }

    /// What stands between the pool and PostgreSQL. Default: nothing, or a pooler in session mode.
    ///
    /// ```
    /// # fn f(tenancy: &tenant_seaorm::Tenancy) -> tenant_seaorm::TenantDbBuilder {
    /// use tenant_seaorm::{Pooler, TenantDb};
    ///
    /// // PgBouncer with `pool_mode = transaction`.
    /// TenantDb::builder(tenancy).pooler(Pooler::Transaction)
    /// # }
    /// ```
    pub fn pooler(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Calls this after each statement, as SeaORM's `DatabaseConnection::set_metric_callback`.
    pub fn metric_callback(mut self, callback: impl Fn(&Info<'_>) + Send + Sync + 'static) -> Self {
        self.metrics = Some(Arc::new(callback));
        self
    }

    /// Looks at the rows that come back, for one of another tenant. It is off unless asked for.
    ///
    /// ```
    /// # fn f(tenancy: &tenant_seaorm::Tenancy) -> tenant_seaorm::TenantDbBuilder {
    /// use tenant_seaorm::{TenantDb, Tripwire};
    ///
    /// TenantDb::builder(tenancy).tripwire(Tripwire::every_statement())
    /// # }
    /// ```
    pub fn tripwire(mut self, tripwire: Tripwire) -> Self {
        self.tripwire = Some(tripwire);
        self
    }

    /// Where refused writes, quotas that were hit and foreign rows are recorded, without anybody
    /// waiting for it.
    pub fn audit_sink(mut self, sink: AuditSink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Switches off the look at statements on shared handles, so that what the types cannot see
    /// is refused by the database's grants alone.
    ///
    /// # Authority
    /// It is for tests that show that the grants hold, and for a false alarm that cannot wait. The
    /// reason is logged.
    pub fn without_shared_audit_unchecked(mut self, reason: &'static str) -> Self {
        self.shared_audit_off = Some(reason);
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

    /// Opens the pool with one connection, so that a refused login is told here and now.
    ///
    /// It takes what SeaORM's `Database::connect` takes, and the options mean the same, with these
    /// exceptions: a connection is not pinged before it is lent, since `BEGIN` is the same
    /// question; the `search_path` is set per transaction; a callback of `after_connect` gets a
    /// connection without any grant.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection can be made, [`Error::Core`] when the declaration or
    /// the layout cannot hold, [`Error::NotIsolated`] when the database would not keep tenants
    /// apart, [`Error::Pooler`] for a pooler that was not declared or cannot work.
    ///
    /// # Cancellation
    /// Dropped half-way, nothing stays open.
    pub async fn connect(self, options: impl Into<ConnectOptions>) -> Result<TenantDb, Error> {
        let options = options.into();
        let Some(databases) = self.databases.clone() else {
            return Ok(TenantDb::new(self.open(options, None).await?, None));
        };
        let router = Router::new(databases);
        let wait = self.wait(&options);
        let main = self.open(options, Some(Share { member: router.member(), wait })).await?;
        Ok(TenantDb::new(main, Some(Routes::new(router, self, wait))))
    }

    /// Another database's pool, when its first tenant comes.
    pub(crate) async fn open_elsewhere(
        &self,
        database: &str,
        address: DatabaseAddress,
        member: Member,
    ) -> Result<Home, Error> {
        let mut this = self.clone();
        this.opening.elsewhere(database, address.region_name());
        let options = ConnectOptions::new(address.url());
        let wait = self.wait(&options);
        this.open(options, Some(Share { member, wait })).await
    }

    /// How long a caller waits in line.
    fn wait(&self, options: &ConnectOptions) -> Duration {
        self.acquire_timeout.or(options.get_acquire_timeout()).unwrap_or(ACQUIRE_TIMEOUT)
    }

    async fn open(&self, mut options: ConnectOptions, share: Option<Share>) -> Result<Home, Error> {
        self.tenancy.check()?;
        if let Some(reason) = self.shared_audit_off {
            tracing::warn!(target: "tenant", reason, "shared statements are not checked");
        }
        if let Some(max) = self.max_connections {
            options.max_connections(max);
        }
        if let Some(timeout) = self.acquire_timeout {
            options.acquire_timeout(timeout);
        }
        if options.get_test_before_acquire_if_idle_for().is_none() {
            options.test_before_acquire(false);
        }
        let record_statements = options.get_record_stmt_in_spans();
        let connect_timeout = share.as_ref().map(|share| share.member.connect_timeout());
        if let Some(timeout) = connect_timeout {
            // Its first connection is one of all databases', too.
            options.connect_lazy(true).acquire_timeout(timeout);
        }
        let pool = internals::pool(options).await.map_err(Error::not_connected)?;
        let pool = Pool::new(pool, share);
        let layout = match &self.layout {
            Some(layout) => layout.clone(),
            None => Layout::new(&pool.database())?,
        };
        let mut opening =
            Opening::new(&layout, self.tenancy.key(), &self.opening)?.declared(&self.tenancy);
        if let Some(check) = self.opening.startup_check(&self.tenancy, &layout)? {
            let mut first = pool.acquire().await?;
            let asked = self.ask(&pool, &mut first, &check, opening);
            let fate;
            (opening, fate) = match connect_timeout {
                None => asked.await?,
                Some(limit) => match timeout(limit, asked).await {
                    Ok(asked) => asked?,
                    Err(_) => return Err(Error::connect(sqlx::Error::PoolTimedOut)),
                },
            };
            first.on_drop(fate);
        } else if connect_timeout.is_some() {
            pool.acquire().await?.on_drop(Fate::Reuse);
        }
        let audit = Audit::new(&self.tenancy, &layout, self.shared_audit_off.is_some());
        let hooks = Hooks { metrics: self.metrics.clone(), record_statements, pooler: self.pooler };
        let check = IsolationCheck::new(&self.tenancy, &layout, &opening).behind(self.pooler);
        let watch = Watch::new(&self.tenancy, self.tripwire, self.sink.clone());
        Ok(Home { pool, opening: Arc::new(opening), audit: Arc::new(audit), hooks, check, watch })
    }

    /// Whether the database would keep tenants apart. Unless it would, the connection is closed.
    async fn ask(
        &self,
        pool: &Pool,
        first: &mut Lent,
        check: &StartupCheck,
        mut opening: Opening,
    ) -> Result<(Opening, Fate), Error> {
        let conn = first.conn().map_err(Error::connect)?;
        pooler::hold(conn).await?;
        internals::message(conn, check.sql()).await.map_err(Error::not_started)?;
        if let Some(question) = opening.question() {
            let counted = internals::asked(conn, question).await.map_err(Error::connect)?;
            opening = opening.counted(counted);
        }
        Ok((opening, pooler::check(pool, conn, self.pooler).await?))
    }
}

impl fmt::Debug for TenantDbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDbBuilder")
            .field("layout", &self.layout)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("opening", &self.opening)
            .field("pooler", &self.pooler)
            .finish_non_exhaustive()
    }
}
