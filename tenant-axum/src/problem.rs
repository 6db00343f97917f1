use std::borrow::Cow;

use axum::{
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Map, Value};

use crate::refusal::Kind;

/// The body of a refusal, by RFC 9457, `application/problem+json`: `type`, `title` and `status`.
/// It has no id, no name and no reason beyond its `type`.
///
/// What [`TenantLayer::problem`](crate::TenantLayer::problem) gets to change: the words and more
/// members, not the status. An application's own refusals can look the same ([`Problem::of`]).
///
/// ```
/// use axum::http::StatusCode;
/// use tenant_axum::Problem;
///
/// let full = Problem::of(StatusCode::TOO_MANY_REQUESTS, "urn:problem-type:shop:quota", "A quota is used up");
/// let response = axum::response::IntoResponse::into_response(full);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    members: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(kind: Kind) -> Self {
        let (name, title) = kind.words();
        Self {
            status: kind.status(),
            kind: format!("urn:problem-type:tenant:{name}").into(),
            title: title.into(),
            members: Map::new(),
        }
    }

    /// A problem of the application's own: its status, its `type`, which is a URI, and its `title`.
    pub fn of(
        status: StatusCode,
        kind: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, kind: kind.into(), title: title.into(), members: Map::new() }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its `type`, such as `urn:problem-type:tenant:forbidden`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The same with this `type`: a URI, best the one of a page about it.
    pub fn with_kind(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.kind = uri.into();
        self
    }

    /// The same with this `title`, for people.
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// The same with one more member, such as `detail` or `instance`. Those that make the problem
    /// (`type`, `title`, `status`) stay what they are.
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    pub(crate) fn body(&self) -> String {
        let mut body = self.members.clone();
        body.insert("type".into(), self.kind.as_ref().into());
        body.insert("title".into(), self.title.as_ref().into());
        body.insert("status".into(), self.status.as_u16().into());
        Value::Object(body).to_string()
    }

    pub(crate) fn response<B: From<String>>(&self, more: HeaderMap) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status;
        *response.headers_mut() = more;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        // A refusal is about this caller and this moment.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response(HeaderMap::new())
    }
}
