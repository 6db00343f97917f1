use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Flight, OwnedMutexGuard},
    time::{Instant, timeout},
};
use tracing::{error, info, warn};

use super::key_set;
use crate::{BoxError, Error, JwtAlgorithm, JwtKey, Refusal};

type Fetch =
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<u8>, BoxError>> + Send>> + Send + Sync;

/// The keys that an identity provider publishes (a JSON Web Key Set), as they change.
///
/// It has no HTTP client: give it an async function that returns the set's JSON. The set is kept, and
/// fetched anew
/// - when it is older than [`max_age`](Self::max_age), so that a key that was removed is refused;
/// - when a token names a key id that it does not have, so that a new key is good at once, but not more
///   often than once in [`min_interval`](Self::min_interval), whatever tokens come.
///
/// There is one fetch at a time. It goes on when the request that asked for it is dropped, and
/// ends after [`timeout`](Self::timeout). Where it fails, the set is kept until it is older than
/// [`max_stale`](Self::max_stale); from then on, and where there never was one, requests get 503.
///
/// ```
/// use tenant_axum::{Audience, Issuer, Jwks, JwtAlgorithm, JwtResolver};
///
/// # async fn get(_: &str) -> Result<Vec<u8>, std::io::Error> { Ok(Vec::new()) }
/// // With `reqwest`: `Ok(client.get(URL).send().await?.error_for_status()?.bytes().await?.to_vec())`
/// let keys = Jwks::new([JwtAlgorithm::Rs256], || async {
///     get("https://id.example.com/.well-known/jwks.json").await
/// })?;
/// let issuer = Issuer::named("https://id.example.com");
/// let resolver = JwtResolver::new(keys, issuer, Audience::named("invoices"));
/// # let _ = resolver;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Clone)]
pub struct Jwks(Arc<Inner>);

struct Inner {
    fetch: Arc<Fetch>,
    algorithms: Vec<JwtAlgorithm>,
    times: Times,
    state: Mutex<State>,
    flight: Arc<Flight<()>>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    max_age: Duration,
    min_interval: Duration,
    timeout: Duration,
    max_stale: Duration,
}

#[derive(Default)]
struct State {
    keys: Option<(Arc<[JwtKey]>, Instant)>,
    /// When a fetch began last, however it ended.
    tried: Option<Instant>,
}

/// While there is no set, it is asked for this often: nobody can sign in until it is there.
const WITHOUT_KEYS: Duration = Duration::from_secs(1);

impl Jwks {
    /// The set that this function fetches, for these algorithms. A key that names its algorithm is
    /// for that one, any other for those of its type.
    ///
    /// The function runs on tokio, in a task of its own.
    ///
    /// # Errors
    /// [`Error::SecretInKeySet`] for an HMAC algorithm, [`Error::NoKey`] for no algorithm.
    pub fn new<F, Fut, E>(
        algorithms: impl IntoIterator<Item = JwtAlgorithm>,
        fetch: F,
    ) -> Result<Self, Error>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<u8>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        if algorithms.is_empty() {
            return Err(Error::NoKey);
        }
        if let Some(secret) = algorithms.iter().find(|one| one.shortest_secret().is_some()) {
            return Err(Error::SecretInKeySet { algorithm: secret.name() });
        }
        let times = Times {
            max_age: Duration::from_mins(5),
            min_interval: Duration::from_secs(10),
            timeout: Duration::from_secs(3),
            max_stale: Duration::from_hours(24),
        };
        Ok(Self::with(
            algorithms,
            times,
            Arc::new(move || {
                let fetched = fetch();
                Box::pin(async move { fetched.await.map_err(Into::into) })
            }),
        ))
    }

    fn with(algorithms: Vec<JwtAlgorithm>, times: Times, fetch: Arc<Fetch>) -> Self {
        let (state, flight) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner { fetch, algorithms, times, state, flight }))
    }

    /// The same with other times, and with nothing fetched yet.
    fn change(self, change: impl FnOnce(&mut Times)) -> Self {
        let mut times = self.0.times;
        change(&mut times);
        Self::with(self.0.algorithms.clone(), times, Arc::clone(&self.0.fetch))
    }

    /// How old a set may be before it is fetched anew, and so how long a removed key may still be
    /// good: 5 minutes unless said.
    pub fn max_age(self, age: Duration) -> Self {
        self.change(|times| times.max_age = age)
    }

    /// The least time between two fetches, and so how long a new key may have to wait while somebody
    /// sends tokens with ids that nobody knows: 10 seconds unless said.
    pub fn min_interval(self, interval: Duration) -> Self {
        self.change(|times| times.min_interval = interval)
    }

    /// How long a fetch may take: 3 seconds unless said.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|times| times.timeout = timeout)
    }

    /// How old a set may be that cannot be fetched anew: one day unless said.
    pub fn max_stale(self, age: Duration) -> Self {
        self.change(|times| times.max_stale = age)
    }

    /// The keys for a token with this key id. The id itself is compared by the caller.
    pub(super) async fn keys(&self, kid: Option<&str>) -> Result<Arc<[JwtKey]>, Refusal> {
        let seen = self.0.look(kid);
        if seen.good {
            return seen.answer();
        }
        let flight = Arc::clone(&self.0.flight);
        let guard = match (Arc::clone(&flight).try_lock_owned(), seen.knows) {
            (Ok(guard), _) => guard,
            // Somebody is on the way; this request need not wait for it.
            (Err(_), true) => return seen.answer(),
            (Err(_), false) => flight.lock_owned().await,
        };
        // Whoever held it before may have brought what is wanted.
        let seen = self.0.look(kid);
        if seen.good || !seen.may_fetch {
            return seen.answer();
        }
        let inner = Arc::clone(&self.0);
        // Of its own, so that a client that hangs up cannot end it.
        if let Err(error) = tokio::spawn(async move { inner.renew(guard).await }).await {
            error!(target: "tenant", %error, "the function that fetches the key set failed");
        }
        self.0.look(kid).answer()
    }
}

/// What is there for a token, and whether to fetch first.
struct Seen {
    keys: Option<Arc<[JwtKey]>>,
    /// Whether one of them is for the token.
    knows: bool,
    /// Whether, besides, they are not old.
    good: bool,
    may_fetch: bool,
}

impl Seen {
    fn answer(self) -> Result<Arc<[JwtKey]>, Refusal> {
        self.keys.ok_or_else(|| Refusal::unavailable("there is no key set"))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, kid: Option<&str>) -> Seen {
        let state = self.state();
        let usable = state.keys.as_ref().filter(|(_, at)| at.elapsed() <= self.times.max_stale);
        let knows = usable.is_some_and(|(keys, _)| {
            let fits =
                |key: &JwtKey| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid;
            keys.iter().any(fits)
        });
        let fresh = usable.is_some_and(|(_, at)| at.elapsed() <= self.times.max_age);
        let interval = match usable {
            Some(_) => self.times.min_interval,
            None => self.times.min_interval.min(WITHOUT_KEYS),
        };
        let waits = state.tried.is_some_and(|tried| tried.elapsed() < interval);
        Seen {
            keys: usable.map(|(keys, _)| Arc::clone(keys)),
            knows,
            good: fresh && knows,
            may_fetch: !waits,
        }
    }

    async fn renew(&self, _flight: OwnedMutexGuard<()>) {
        let begun = Instant::now();
        self.state().tried = Some(begun);
        let fetched = timeout(self.times.timeout, (self.fetch)()).await;
        let read = match fetched {
            Err(_) => Err("it took too long".into()),
            Ok(Err(error)) => Err(error),
            Ok(Ok(json)) => key_set::read(&json, &self.algorithms),
        };
        match read {
            Ok(keys) => {
                if keys.is_empty() {
                    warn!(target: "tenant", "the key set has no key for the algorithms wanted");
                }
                info!(target: "tenant", keys = keys.len(), "a key set was fetched");
                self.state().keys = Some((keys.into(), begun));
            }
            Err(error) => {
                error!(target: "tenant", %error, "the key set could not be fetched; the one before stays");
            }
        }
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("algorithms", &self.0.algorithms)
            .field("times", &self.0.times)
            .finish_non_exhaustive()
    }
}
