use serde_json::{Map, Value};

use crate::{By, Error, Named, Refusal};

pub(super) type Claims = Map<String, Value>;

/// A claim, by the names on the way to it.
#[derive(Debug, Clone)]
pub(super) struct Path(Vec<String>);

impl Path {
    pub(super) fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(Error::InvalidClaim);
        }
        Ok(Self(names))
    }

    pub(super) fn one(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// `None` where it is absent or null.
    fn find<'a>(&self, claims: &'a Claims) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        let value = rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))?;
        (!value.is_null()).then_some(value)
    }

    pub(super) fn tenant(&self, claims: &Claims, by: By) -> Result<Option<Named>, Refusal> {
        let text = match self.find(claims) {
            None => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if number.is_i64() => number.to_string(),
            Some(_) => return Err(Refusal::bad_credentials("the tenant's claim is no text")),
        };
        by.read(&text).map(Some).map_err(Refusal::bad_credentials)
    }

    pub(super) fn user(&self, claims: &Claims) -> Result<Option<String>, Refusal> {
        match self.find(claims) {
            None => Ok(None),
            Some(Value::String(user)) => Ok(Some(user.clone())),
            Some(_) => Err(Refusal::bad_credentials("the user's claim is no text")),
        }
    }

    /// 0 where there is none: once a tenant's epoch is raised, tokens without one are worthless, too.
    pub(super) fn epoch(&self, claims: &Claims) -> Result<i64, Refusal> {
        match self.find(claims) {
            None => Ok(0),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| Refusal::bad_credentials("the epoch's claim is no whole number")),
        }
    }
}
