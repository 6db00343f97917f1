use std::borrow::Cow;

use async_trait::async_trait;
use axum::{
    extract::{FromRequestParts, OriginalUri, RawPathParams},
    http::{Request, request::Parts},
};
use percent_encoding::percent_decode_str;

use crate::{By, Locate, Named, Refusal};

/// The tenant that the path names: `/t/acme/invoices`.
///
/// ```
/// use tenant_axum::{By, PathResolver};
///
/// // of the route `/t/{tenant}/invoices`; the layer is the router's, `Router::layer`
/// let parameter = PathResolver::parameter("tenant", By::Slug);
/// // of `/t/acme/invoices` the second one, whatever the route
/// let segment = PathResolver::segment(1, By::Slug);
/// # let _ = (parameter, segment);
/// ```
///
/// A layer sees the path as it was sent: it is decoded once, here, and `acme%2F..` is refused. Where
/// the route has no such parameter or the path no such segment, this says nothing. A parameter of no
/// route at all is 404: a request that no route matched, or a layer outside of the router.
#[derive(Debug, Clone)]
pub struct PathResolver {
    place: Place,
    by: By,
}

#[derive(Debug, Clone)]
enum Place {
    Parameter(&'static str),
    Segment(usize),
}

impl PathResolver {
    /// The parameter of this name in the matched route, as the handler's own `Path` reads it.
    pub fn parameter(name: &'static str, by: By) -> Self {
        Self { place: Place::Parameter(name), by }
    }

    /// The segment at this place, from 0, of the whole path: also where the layer stands on a
    /// nested router.
    pub fn segment(index: usize, by: By) -> Self {
        Self { place: Place::Segment(index), by }
    }
}

#[async_trait]
impl Locate for PathResolver {
    async fn locate(&self, parts: &Parts) -> Result<Option<Named>, Refusal> {
        let text = match self.place {
            Place::Parameter(name) => parameter(parts, name).await?,
            Place::Segment(index) => segment(parts, index)?.map(Cow::into_owned),
        };
        text.map(|text| self.read(&text)).transpose()
    }
}

impl PathResolver {
    fn read(&self, text: &str) -> Result<Named, Refusal> {
        if text.is_empty() || text == "." || text == ".." || text.contains(['/', '\\']) {
            return Err(Refusal::malformed("the path's segment is no name"));
        }
        self.by.read(text)
    }
}

async fn parameter(parts: &Parts, name: &str) -> Result<Option<String>, Refusal> {
    // axum's extractor wants to own what it reads, and reads the extensions only.
    let mut copy = Request::new(());
    *copy.extensions_mut() = parts.extensions.clone();
    let (mut copy, ()) = copy.into_parts();
    match RawPathParams::from_request_parts(&mut copy, &()).await {
        Ok(found) => {
            let mut found = found.iter().filter(|(key, _)| *key == name);
            Ok(found.next().map(|(_, value)| value.to_owned()))
        }
        Err(rejection) if rejection.status().is_client_error() => {
            Err(Refusal::malformed(rejection))
        }
        Err(_) => Err(Refusal::NoRoute),
    }
}

fn segment(parts: &Parts, index: usize) -> Result<Option<Cow<'_, str>>, Refusal> {
    let whole = parts.extensions.get::<OriginalUri>().map(|uri| uri.0.path());
    let path = whole.unwrap_or_else(|| parts.uri.path());
    let Some(raw) = path.strip_prefix('/').and_then(|path| path.split('/').nth(index)) else {
        return Ok(None);
    };
    percent_decode_str(raw).decode_utf8().map(Some).map_err(Refusal::malformed)
}
