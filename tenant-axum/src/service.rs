use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use tower_service::Service;
use tracing::{Instrument, Span, info_span};

use crate::TenantLayer;

/// What [`TenantLayer`] makes of a service: any tower service over HTTP, whatever its bodies, if a
/// response's can be made of a text.
///
/// Dropping the future of a call drops whatever was asked: a resolver, the registry or the service
/// within. Nothing is left open.
#[derive(Debug, Clone)]
pub struct TenantService<S> {
    inner: S,
    layer: Arc<TenantLayer>,
}

impl<S> TenantService<S> {
    pub(crate) fn new(inner: S, layer: Arc<TenantLayer>) -> Self {
        Self { inner, layer }
    }
}

impl<S, Body, Answer> Service<Request<Body>> for TenantService<S>
where
    S: Service<Request<Body>, Response = Response<Answer>> + Clone + Send + 'static,
    S::Future: Send,
    Body: Send + 'static,
    Answer: From<String>,
{
    type Response = Response<Answer>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let unready = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, unready);
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let scope = match layer.resolve(&parts).await {
                Ok(scope) => scope,
                Err(refusal) => return Ok(layer.refuse(&refusal)),
            };
            // For a span of the application's that has such a field, and no value for it yet.
            Span::current().record("tenant.id", tracing::field::display(scope.id()));
            let span = info_span!(target: "tenant", "tenant_request", tenant.id = %scope.id());
            parts.extensions.insert(scope);
            let answer = span.in_scope(|| inner.call(Request::from_parts(parts, body)));
            answer.instrument(span).await
        })
    }
}
