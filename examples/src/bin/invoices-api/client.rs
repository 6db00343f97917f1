//! The tour's HTTP client.

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

use crate::Result;

/// Somebody who asks: an address, and a token once signed in.
#[derive(Clone)]
pub(crate) struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    at: String,
    token: String,
}

impl Client {
    pub(crate) async fn sign_in(at: &str, path: &str, user: &str, password: &str) -> Result<Self> {
        let http = Http::builder(TokioExecutor::new()).build_http();
        let mut client = Self { http, at: at.to_owned(), token: String::new() };
        let login = serde_json::json!({ "user": user, "password": password });
        let (status, body) = client.send(Method::POST, path, Some(login)).await?;
        let token = body["token"].as_str().ok_or(format!("{user} cannot sign in: {status}"))?;
        token.clone_into(&mut client.token);
        Ok(client)
    }

    /// This one's token at the other one's address.
    pub(crate) fn pretend(&self, other: &Self) -> Self {
        Self { token: self.token.clone(), ..other.clone() }
    }

    pub(crate) async fn send(
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

    /// What comes with this status; another one is an error.
    pub(crate) async fn get(&self, path: &str, status: u16) -> Result<Value> {
        wanted("GET", path, status, self.send(Method::GET, path, None).await?)
    }

    /// The same for a `POST`.
    pub(crate) async fn post(&self, path: &str, body: Value, status: u16) -> Result<Value> {
        wanted("POST", path, status, self.send(Method::POST, path, Some(body)).await?)
    }
}

fn wanted(method: &str, path: &str, status: u16, (got, body): (u16, Value)) -> Result<Value> {
    if got == status {
        return Ok(body);
    }
    Err(format!("{method} {path}: {got} instead of {status}: {body}").into())
}
