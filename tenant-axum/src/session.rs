use std::{fmt, future::Future, pin::Pin};

use async_trait::async_trait;
use axum::http::request::Parts;

use crate::{Authenticate, Authenticated, Refusal};

type Answer = Result<Option<Authenticated>, Refusal>;
type Ask = dyn Fn(Parts) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

/// Who asks, by a function of yours: the session of a cookie, a client certificate, an API key.
///
/// The function gets the request's head, which axum's extractors read too. It answers `None` where
/// there is nothing of its kind, and an error where there is and it does not hold
/// ([`Refusal::bad_credentials`]) or could not be checked ([`Refusal::unavailable`]). Dropping the
/// request drops the function's future.
///
/// ```
/// use axum::{extract::FromRequestParts, http::{HeaderMap, request::Parts}};
/// use tenant_axum::{Authenticated, Refusal, SessionResolver};
///
/// async fn key(mut parts: Parts) -> Result<Option<Authenticated>, Refusal> {
///     let headers = HeaderMap::from_request_parts(&mut parts, &()).await;
///     let headers = headers.map_err(Refusal::unavailable)?;
///     match headers.get("x-api-key").map(|key| key.as_bytes()) {
///         None => Ok(None),
///         Some(b"from your table of keys") => Ok(Some(Authenticated::user("robot"))),
///         Some(_) => Err(Refusal::bad_credentials("there is no such key")),
///     }
/// }
/// let resolver = SessionResolver::new(key);
/// # let _ = resolver;
/// ```
pub struct SessionResolver {
    ask: Box<Ask>,
}

impl SessionResolver {
    /// This function.
    pub fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn(Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Authenticated>, Refusal>> + Send + 'static,
    {
        Self { ask: Box::new(move |parts| Box::pin(ask(parts))) }
    }
}

#[async_trait]
impl Authenticate for SessionResolver {
    async fn authenticate(&self, parts: &Parts) -> Answer {
        (self.ask)(parts.clone()).await
    }
}

impl fmt::Debug for SessionResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionResolver").finish_non_exhaustive()
    }
}
