//! A small HTTP client: the service's tour and the load that is put on it ask through it.

use std::error::Error;

use axum::{
    body::Bytes,
    http::{
        Method, Request,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Somebody who asks: an address, and a token once signed in.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    at: String,
    token: String,
}

impl Client {
    /// Nobody yet. Its connections, which are kept alive, are its own and its clones'.
    pub fn new(at: &str) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        Self { http, at: at.to_owned(), token: String::new() }
    }

    /// Somebody with a token.
    ///
    /// # Errors
    /// When the service does not answer, or gives none.
    pub async fn sign_in(at: &str, path: &str, user: &str, password: &str) -> Result<Self> {
        let mut client = Self::new(at);
        let login = serde_json::json!({ "user": user, "password": password });
        let (status, body) = client.send(Method::POST, path, Some(login)).await?;
        let token = body["token"].as_str().ok_or(format!("{user} cannot sign in: {status}"))?;
        token.clone_into(&mut client.token);
        Ok(client)
    }

    /// This one's token at the other one's address.
    pub fn pretend(&self, other: &Self) -> Self {
        Self { token: self.token.clone(), ..other.clone() }
    }

    /// The service's address.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// What it shows to the service; empty before it has signed in.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The status and the JSON of whatever comes. Dropping the future closes the connection.
    ///
    /// # Errors
    /// When no answer comes, or one that is no JSON.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value)> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.at));
        if !self.token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::from(body))?;
        let response = self.http.request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body)?))
    }

    /// What comes with this status.
    ///
    /// # Errors
    /// When it is another status, or no answer.
    pub async fn get(&self, path: &str, status: u16) -> Result<Value> {
        wanted("GET", path, status, self.send(Method::GET, path, None).await?)
    }

    /// The same for a `POST`.
    ///
    /// # Errors
    /// When it is another status, or no answer.
    pub async fn post(&self, path: &str, body: Value, status: u16) -> Result<Value> {
        wanted("POST", path, status, self.send(Method::POST, path, Some(body)).await?)
    }
}

fn wanted(method: &str, path: &str, status: u16, (got, body): (u16, Value)) -> Result<Value> {
    if got == status {
        return Ok(body);
    }
    Err(format!("{method} {path}: {got} instead of {status}: {body}").into())
}
