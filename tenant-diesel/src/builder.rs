use std::{fmt, sync::Arc, time::Duration};

use diesel::ConnectionResult;
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::future::BoxFuture;
use tenant_core::{
    AuditSink, DatabaseAddress, Databases, Layout, Limits, Pooler, Seal, Tenancy, Tripwire,
    adapter::{IsolationCheck, Member, Opening, OpeningOptions, Router, Watch},
};

use crate::{
    Error, TenantDb,
    asked::{Counted, Found, asked},
    look::Look,
    pool::ConnectionPool,
    pooler::{Afterwards, Way},
    routes::{Home, Routes},
};

/// How many connections a pool has at most unless told otherwise.
pub(crate) const MAX_CONNECTIONS: u32 = 10;

/// How long a caller waits for a connection unless told otherwise.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Builds a [`TenantDb`]; made by [`TenantDb::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `connect`"]
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
    custom_setup: Option<Setup>,
    databases: Option<Databases>,
}

/// How a connection is made.
pub(crate) type Setup =
    Arc<dyn Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync>;

impl TenantDbBuilder {
    pub(crate) fn new(tenancy: &Tenancy) -> Self {
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
            custom_setup: None,
            databases: None,
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

    /// Opens tenants that live in other databases, too: [`connect`](Self::connect)'s URL is the one of
    /// [`database_name`](Self::database_name), those of the others come from the provider. They are
    /// opened with this builder's settings: [`max_connections`](Self::max_connections) is what each
    /// has at most, and [`layout`](Self::layout) that of all; without one, each has its own default.
    ///
    /// ```no_run
    /// # async fn f(tenancy: &tenant_diesel::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_diesel::{DatabaseAddress, Databases, StaticDatabases, TenantDb};
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
    /// # async fn f(tenancy: &tenant_diesel::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
    /// use tenant_diesel::{Seal, SealKey, TenantDb};
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
    /// # fn f(tenancy: &tenant_diesel::Tenancy) -> tenant_diesel::TenantDbBuilder {
    /// use std::time::Duration;
    /// use tenant_diesel::{Limits, TenantDb};
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

    /// Looks at the rows that come back, for one of another tenant. It is off unless asked for.
    ///
    /// ```
    /// # fn f(tenancy: &tenant_diesel::Tenancy) -> tenant_diesel::TenantDbBuilder {
    /// use tenant_diesel::{TenantDb, Tripwire};
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

    /// What stands between the pool and PostgreSQL. Default: nothing, or a pooler in session mode.
    ///
    /// ```
    /// # fn f(tenancy: &tenant_diesel::Tenancy) -> tenant_diesel::TenantDbBuilder {
    /// use tenant_diesel::{Pooler, TenantDb};
    ///
    /// // PgBouncer with `pool_mode = transaction`.
    /// TenantDb::builder(tenancy).pooler(Pooler::Transaction)
    /// # }
    /// ```
    pub fn pooler(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Makes connections in your own way, as diesel-async's `ManagerConfig::custom_setup` does:
    /// for TLS, say. Behind a pooler in transaction mode, begin a transaction on the connection
    /// before Diesel sets it up (`docs/poolers.md` shows how); the pool ends it.
    pub fn custom_setup<F>(mut self, setup: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        self.custom_setup = Some(Arc::new(setup));
        self
    }

    /// Leaves out the check for tenant tables in what runs on a shared handle, with a reason that
    /// goes to the log. The types and the shared role remain.
    pub fn without_shared_audit_unchecked(mut self, reason: &'static str) -> Self {
        tracing::warn!(target: "tenant", reason = %reason, "shared statements are not checked");
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

    /// Builds the pool and opens one connection, so that a wrong address or a refused login is
    /// told here and not by the first request.
    ///
    /// # Errors
    /// [`Error::NotIsolated`] when the database would not keep tenants apart,
    /// [`Error::Core`] for a declaration that cannot hold, [`Error::Connect`] and
    /// [`Error::PoolExhausted`] for a connection that cannot be made (in time), [`Error::Pooler`] for
    /// a pooler that was not declared or cannot work.
    pub async fn connect(mut self, url: impl Into<String>) -> Result<TenantDb, Error> {
        if self.pooler == Pooler::Transaction {
            self.opening.clear_statements();
        }
        let url = url.into();
        let Some(databases) = self.databases.clone() else {
            return Ok(TenantDb::new(self.open(url, None).await?, None));
        };
        let router = Router::new(databases);
        let wait = self.acquire_timeout;
        let main = self.open(url, Some(router.member())).await?;
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
        this.open(address.url().to_owned(), Some(member)).await
    }

    async fn open(&self, url: String, member: Option<Member>) -> Result<Home, Error> {
        self.tenancy.check()?;
        let connect_timeout = member.as_ref().map(Member::connect_timeout);
        let timeout = connect_timeout.unwrap_or(self.acquire_timeout);
        let way = Way::new(url, self.pooler, self.custom_setup.clone());
        let mut pool = pool(way.clone(), self.max_connections, timeout)?;
        if let Some(member) = member {
            pool = pool.sharing(member, self.acquire_timeout);
        }
        let (mut first, held) = pool.acquire().await?;
        let asked = self.ask(&way, &mut first, timeout);
        let asked = match connect_timeout {
            None => asked.await,
            Some(limit) => tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| {
                let why = format!("the start-up check had no answer within {limit:?}");
                Err(Error::Connect { source: why.into() })
            }),
        };
        let (layout, opening) = match asked {
            Ok((layout, opening, Afterwards::Reuse)) => {
                drop(first);
                (layout, opening)
            }
            Ok((layout, opening, Afterwards::Close)) => {
                drop(Object::take(first));
                (layout, opening)
            }
            Err(error) => {
                // It may be inside of a failed transaction.
                drop(Object::take(first));
                return Err(error);
            }
        };
        drop(held);
        let look = Arc::new(Look::new(&self.tenancy, &layout, self.audit));
        let check = IsolationCheck::new(&self.tenancy, &layout, &opening).behind(self.pooler);
        let watch = Watch::new(&self.tenancy, self.tripwire, self.sink.clone());
        Ok(Home { pool, opening: Arc::new(opening), look, check, watch })
    }

    /// Whether the database would keep tenants apart, and under which names.
    async fn ask(
        &self,
        way: &Way,
        first: &mut AsyncPgConnection,
        timeout: Duration,
    ) -> Result<(Layout, Opening, Afterwards), Error> {
        if !self.opening.is_start_unchecked() {
            Way::hold(first).await?;
        }
        let layout = match &self.layout {
            Some(layout) => layout.clone(),
            None => asked::<Found>(first, Found::QUERY).await?.layout()?,
        };
        let mut opening =
            Opening::new(&layout, self.tenancy.key(), &self.opening)?.declared(&self.tenancy);
        let afterwards = match self.opening.startup_check(&self.tenancy, &layout)? {
            Some(check) => {
                first.batch_execute(check.sql()).await.map_err(Error::not_started)?;
                if let Some(question) = opening.question() {
                    opening = opening.counted(asked::<Counted>(first, question).await?.counted);
                }
                way.check(first, timeout).await?
            }
            None => Afterwards::Reuse,
        };
        Ok((layout, opening, afterwards))
    }
}

/// A pool that has no connection yet.
pub(crate) fn pool(
    way: Way,
    max_connections: u32,
    acquire_timeout: Duration,
) -> Result<ConnectionPool, Error> {
    let mut config = ManagerConfig::default();
    // The message with BEGIN tells whether a connection lives; a ping would be one more trip.
    config.recycling_method = RecyclingMethod::Fast;
    let url = way.url().to_owned();
    config.custom_setup = Box::new(move |_| way.connect());
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    let pool = Pool::builder(manager)
        .max_size(usize::try_from(max_connections).unwrap_or(usize::MAX))
        .build()
        .map_err(|e| Error::Connect { source: e.into() })?;
    Ok(ConnectionPool::new(pool, acquire_timeout))
}

impl fmt::Debug for TenantDbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDbBuilder")
            .field("layout", &self.layout)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
