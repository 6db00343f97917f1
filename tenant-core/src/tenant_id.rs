use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Error, quote_literal};

/// The longest text tenant id, in bytes.
const MAX_TEXT: usize = 255;

/// The SQL type of a tenant key, and so of every tenant column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TenantKey {
    /// `uuid`
    #[default]
    Uuid,
    /// `bigint`
    Bigint,
    /// `text`
    Text,
}

impl TenantKey {
    /// The type's name in SQL.
    pub const fn sql_type(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Bigint => "bigint",
            Self::Text => "text",
        }
    }

    /// Reads an id of this type from its text form, as [`TenantId`]'s `Display` writes it.
    ///
    /// # Errors
    /// [`Error::InvalidTenantId`] when the text is not of this type, or is a refused value.
    pub fn parse(self, text: &str) -> Result<TenantId, Error> {
        let invalid = |why: &str| Error::InvalidTenantId { why: why.to_owned() };
        match self {
            Self::Uuid => Uuid::parse_str(text)
                .map_err(|e| invalid(&format!("it is not a UUID ({e})")))
                .and_then(TenantId::from_uuid),
            Self::Bigint => text
                .parse::<i64>()
                .map_err(|e| invalid(&format!("it is not a 64-bit integer ({e})")))
                .map(TenantId::from)
                .and_then(|id| id.check().map(|()| id)),
            Self::Text => TenantId::try_from(text),
        }
    }
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql_type())
    }
}

/// Which tenant: a UUID, a 64-bit integer or a text.
///
/// There is no value that means "none" or "all": an empty text cannot be made, and a nil UUID or a
/// zero is refused wherever an id is checked ([`TenantId::check`]), which is before anything is
/// sent.
///
/// ```
/// use tenant_core::{TenantId, TenantKey};
///
/// let acme = TenantId::try_from("acme")?;
/// assert_eq!(acme.to_string(), "acme");
/// assert_eq!(acme.key(), TenantKey::Text);
/// assert!(TenantId::try_from("").is_err());
/// assert_eq!(TenantKey::Bigint.parse("42")?, TenantId::from(42));
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Uuid(Uuid),
    Bigint(i64),
    Text(Box<str>),
}

impl TenantId {
    /// A UUID that is not nil.
    ///
    /// # Errors
    /// [`Error::InvalidTenantId`] for the nil UUID. `TenantId::from(uuid)` defers that check to
    /// the first use.
    pub fn from_uuid(uuid: Uuid) -> Result<Self, Error> {
        let id = Self::from(uuid);
        id.check()?;
        Ok(id)
    }

    /// The SQL type that this id is of.
    pub const fn key(&self) -> TenantKey {
        match self.0 {
            Repr::Uuid(_) => TenantKey::Uuid,
            Repr::Bigint(_) => TenantKey::Bigint,
            Repr::Text(_) => TenantKey::Text,
        }
    }

    /// The UUID, if it is one.
    pub const fn as_uuid(&self) -> Option<Uuid> {
        match self.0 {
            Repr::Uuid(uuid) => Some(uuid),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub const fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Bigint(int) => Some(int),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id as a literal of its SQL type, quoted: `'42'::bigint`.
    ///
    /// ```
    /// use tenant_core::TenantId;
    ///
    /// assert_eq!(TenantId::try_from("o'neil")?.sql_literal(), "'o''neil'::text");
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    pub fn sql_literal(&self) -> String {
        format!("{}::{}", quote_literal(&self.to_string()), self.key())
    }

    /// Refuses the values that could be mistaken for "no tenant".
    ///
    /// # Errors
    /// [`Error::InvalidTenantId`] for the nil UUID and for zero.
    pub fn check(&self) -> Result<(), Error> {
        let why = match &self.0 {
            Repr::Uuid(uuid) if uuid.is_nil() => {
                "the nil UUID names nobody; use the tenant's own id"
            }
            Repr::Bigint(0) => "zero names nobody; use the tenant's own id",
            _ => return Ok(()),
        };
        Err(Error::InvalidTenantId { why: why.into() })
    }
}

impl From<Uuid> for TenantId {
    fn from(uuid: Uuid) -> Self {
        Self(Repr::Uuid(uuid))
    }
}

impl From<i64> for TenantId {
    fn from(int: i64) -> Self {
        Self(Repr::Bigint(int))
    }
}

impl TryFrom<&str> for TenantId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        let why = if text.is_empty() {
            "an empty text names nobody; use the tenant's own id"
        } else if text.len() > MAX_TEXT {
            "a text tenant id has at most 255 bytes"
        } else if text.contains('\0') {
            "PostgreSQL's text cannot hold a NUL"
        } else {
            return Ok(Self(Repr::Text(text.into())));
        };
        Err(Error::InvalidTenantId { why: why.into() })
    }
}

impl TryFrom<String> for TenantId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::try_from(text.as_str())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Uuid(uuid) => uuid.fmt(f),
            Repr::Bigint(int) => int.fmt(f),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

/// `{"uuid": "…"}`, `{"bigint": 1}` or `{"text": "…"}`: a text that looks like a UUID stays a text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wire {
    Uuid(Uuid),
    Bigint(i64),
    Text(String),
}

impl Serialize for TenantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Uuid(uuid) => Wire::Uuid(*uuid),
            Repr::Bigint(int) => Wire::Bigint(*int),
            Repr::Text(text) => Wire::Text(text.to_string()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Wire::deserialize(deserializer)? {
            Wire::Uuid(uuid) => Self::from_uuid(uuid),
            Wire::Bigint(int) => Ok(Self::from(int)).and_then(|id: Self| id.check().map(|()| id)),
            Wire::Text(text) => Self::try_from(text),
        }
        .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_that_could_mean_nobody_are_refused() {
        assert!(TenantId::from_uuid(Uuid::nil()).is_err());
        assert!(TenantId::from(Uuid::nil()).check().is_err());
        assert!(TenantId::from(0).check().is_err());
        assert!(TenantKey::Bigint.parse("0").is_err());
        assert!(serde_json::from_str::<TenantId>(r#"{"bigint":0}"#).is_err());
        assert!(TenantId::try_from("").is_err());
        assert!(TenantId::try_from("a\0b").is_err());
        assert!(TenantId::try_from("x".repeat(256)).is_err());
        assert!(serde_json::from_str::<TenantId>(r#"{"text":""}"#).is_err());
        let nil = format!(r#"{{"uuid":"{}"}}"#, Uuid::nil());
        assert!(serde_json::from_str::<TenantId>(&nil).is_err());
    }

    proptest! {
        #[test]
        fn an_id_survives_its_text_and_its_json(
            text in r"\PC{1,60}", int in 1_i64.., bits in 1u128..,
        ) {
            let ids = [
                TenantId::try_from(text.as_str()).unwrap(),
                TenantId::from(int),
                TenantId::from(Uuid::from_u128(bits)),
            ];
            for id in ids {
                prop_assert_eq!(&id.key().parse(&id.to_string()).unwrap(), &id);
                let json = serde_json::to_string(&id).unwrap();
                prop_assert_eq!(&serde_json::from_str::<TenantId>(&json).unwrap(), &id);
            }
        }
    }
}
