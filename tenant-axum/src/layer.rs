use std::{fmt, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, Response, header, request::Parts};
use tenant_core::{TenantRegistry, TenantScope, Verified, VerifyError};
use tower_layer::Layer;
use tracing::{debug, error, info};

use crate::{Authenticate, Locate, Problem, Refusal, TenantService, refusal::Kind, rules};

type Change = dyn Fn(&Refusal, Problem) -> Problem + Send + Sync;

/// Puts a verified [`TenantScope`] into each request, or refuses it.
///
/// All resolvers are asked, those that authenticate first, in the order in which they were added; all
/// that have something to say must agree. What they say is verified by the registry. A request that
/// is refused reaches neither the handler nor its database.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::{Router, http::request::Parts, routing::get};
/// use tenant_axum::{Authenticated, By, HostResolver, SessionResolver, Tenant, TenantLayer};
/// use tenant_core::{StaticRegistry, TenantRecord};
///
/// let registry = StaticRegistry::new([TenantRecord::new(7, "acme")]).member(7, "alice");
/// let session = SessionResolver::new(|parts: Parts| async move {
///     // Look the session's cookie up where you keep sessions.
///     Ok(parts.headers.get("cookie").map(|_| Authenticated::user("alice")))
/// });
/// let tenants = TenantLayer::new(Arc::new(registry))
///     .authenticate(session)
///     .locate(HostResolver::subdomain_of("example.com")?);
///
/// async fn name(tenant: Tenant) -> String {
///     tenant.record().name.clone()
/// }
/// let app: Router = Router::new()
///     .route("/name", get(name))
///     .layer(tenants)
///     .route("/health", get(async || "well")); // added behind the layer, so outside of it
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Clone)]
pub struct TenantLayer {
    registry: Arc<dyn TenantRegistry>,
    authenticators: Vec<Arc<dyn Authenticate>>,
    locators: Vec<Arc<dyn Locate>>,
    hide_foreign: bool,
    retry_after: u64,
    problem: Option<Arc<Change>>,
}

impl TenantLayer {
    /// A layer that asks this registry. It wants at least one [`authenticate`](Self::authenticate).
    pub fn new(registry: Arc<dyn TenantRegistry>) -> Self {
        Self {
            registry,
            authenticators: Vec::new(),
            locators: Vec::new(),
            hide_foreign: false,
            retry_after: 30,
            problem: None,
        }
    }

    /// Adds a resolver that knows who asks.
    pub fn authenticate(mut self, resolver: impl Authenticate) -> Self {
        self.authenticators.push(Arc::new(resolver));
        self
    }

    /// Adds a resolver that knows which tenant is meant. It lets nobody in.
    pub fn locate(mut self, resolver: impl Locate) -> Self {
        self.locators.push(Arc::new(resolver));
        self
    }

    /// A signed-in stranger is told 404 of a tenant that is not the stranger's own, as if there were
    /// none, and not 403: so that nobody finds out which names are taken. How long the answer takes
    /// may still tell.
    pub fn hide_foreign(mut self) -> Self {
        self.hide_foreign = true;
        self
    }

    /// When to come again, in the `Retry-After` of a 503; in whole seconds, 30 unless said.
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = after.as_secs();
        self
    }

    /// Changes what refusals say: their words, and more members. What you add is seen by strangers:
    /// the refusal's own text is for logs.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tenant_axum::TenantLayer;
    /// # let registry = Arc::new(tenant_core::StaticRegistry::new([]));
    /// let layer = TenantLayer::new(registry).problem(|_, problem| {
    ///     let page = problem.kind().replace("urn:problem-type:tenant:", "https://example.com/problems/");
    ///     problem.with_kind(page)
    /// });
    /// ```
    pub fn problem(
        mut self,
        change: impl Fn(&Refusal, Problem) -> Problem + Send + Sync + 'static,
    ) -> Self {
        self.problem = Some(Arc::new(change));
        self
    }

    /// Asks all resolvers, then the registry.
    pub(crate) async fn resolve(&self, parts: &Parts) -> Result<TenantScope<Verified>, Refusal> {
        if self.authenticators.is_empty() {
            let why = "no resolver knows who asks: add one, `.authenticate(…)`";
            return Err(Refusal::Misconfigured(why.to_owned()));
        }
        let mut who = Vec::new();
        for resolver in &self.authenticators {
            who.extend(resolver.authenticate(parts).await?);
        }
        // Before anything is read that names a tenant: who has not signed in is told just that.
        if who.is_empty() {
            return Err(Refusal::NoCredentials);
        }
        let mut located = Vec::new();
        for resolver in &self.locators {
            located.extend(resolver.locate(parts).await?);
        }
        rules::agree(who, located)?.verify(&*self.registry).await
    }

    /// What the client is told, and the log.
    pub(crate) fn refuse<B: From<String>>(&self, refusal: &Refusal) -> Response<B> {
        let kind = match refusal {
            Refusal::Verify(VerifyError::NotMember(_)) if self.hide_foreign => Kind::Unknown,
            other => other.kind(),
        };
        match kind {
            Kind::Unavailable | Kind::Misconfigured => {
                error!(target: "tenant", error = %refusal, "a request could not be given a tenant");
            }
            Kind::Unauthenticated => debug!(target: "tenant", error = %refusal, "refused"),
            _ => info!(target: "tenant", error = %refusal, "refused"),
        }
        let mut headers = HeaderMap::new();
        match kind {
            Kind::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::InvalidCredentials => {
                let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Kind::Maintenance | Kind::Unavailable => {
                headers.insert(header::RETRY_AFTER, self.retry_after.into());
            }
            _ => {}
        }
        let problem = Problem::new(kind);
        let problem = match &self.problem {
            Some(change) => change(refusal, problem),
            None => problem,
        };
        problem.response(headers)
    }
}

impl<S> Layer<S> for TenantLayer {
    type Service = TenantService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TenantService::new(inner, Arc::new(self.clone()))
    }
}

impl fmt::Debug for TenantLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantLayer")
            .field("authenticators", &self.authenticators.len())
            .field("locators", &self.locators.len())
            .field("hide_foreign", &self.hide_foreign)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}
