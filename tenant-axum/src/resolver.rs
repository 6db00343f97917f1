use async_trait::async_trait;
use axum::http::request::Parts;

use crate::{Authenticated, Named, Refusal};

/// Looks at a request and says who asks: a token, a session.
///
/// Only what implements this lets anybody in. A layer without one answers nothing but errors.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// `None` where the request has nothing of this resolver's kind.
    ///
    /// # Errors
    /// Where it has, and that does not hold. It must not be `None` then, so that bad credentials do
    /// not hide behind good ones.
    async fn authenticate(&self, parts: &Parts) -> Result<Option<Authenticated>, Refusal>;
}

/// Looks at a request and says which tenant is meant: a host, a path, a header. It lets nobody in.
#[async_trait]
pub trait Locate: Send + Sync + 'static {
    /// `None` where the request has nothing of this resolver's kind.
    ///
    /// # Errors
    /// Where it has, and that cannot be read.
    async fn locate(&self, parts: &Parts) -> Result<Option<Named>, Refusal>;
}
