use tenant_core::{TenantId, TenantKey, TenantRecord};

use crate::Refusal;

/// The longest id or slug that is read, in bytes: as long as a text id may be.
const MAX: usize = 255;

/// Which tenant is meant, as a request says it. It opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(TenantId),
    /// By its slug, to the letter as the registry has it.
    Slug(String),
}

impl Named {
    /// Whether this is the tenant that is meant.
    pub(crate) fn is(&self, record: &TenantRecord) -> bool {
        match self {
            Self::Id(id) => *id == record.id,
            Self::Slug(slug) => *slug == record.slug,
        }
    }

    /// Whether the two cannot be the same tenant, as far as can be said without asking.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Id(a), Self::Id(b)) => a != b,
            (Self::Slug(a), Self::Slug(b)) => a != b,
            _ => false,
        }
    }

    /// Refuses what no tenant can be called, before anybody is asked for it.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let readable = |text: &str| !text.contains(char::is_control);
        let sound = match self {
            Self::Id(id) => id.check().is_ok() && id.as_text().is_none_or(readable),
            Self::Slug(slug) => !slug.is_empty() && slug.len() <= MAX && readable(slug),
        };
        if sound { Ok(()) } else { Err(Refusal::malformed("this can be no tenant's id or slug")) }
    }
}

/// How a text names a tenant.
///
/// ```
/// use tenant_axum::{By, Named};
/// use tenant_core::{TenantId, TenantKey};
///
/// let id = By::Id(TenantKey::Bigint); // of a declaration: `By::Id(TENANCY.key())`
/// assert_eq!(id.read("42")?, Named::Id(TenantId::from(42)));
/// assert_eq!(By::Slug.read("acme")?, Named::Slug("acme".to_owned()));
/// assert!(id.read("acme").is_err());
/// # Ok::<(), tenant_axum::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By an id of this type: the declaration's, `TENANCY.key()`.
    Id(TenantKey),
    /// By its slug.
    Slug,
}

impl By {
    /// Reads an id or a slug.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what can be no tenant's.
    pub fn read(self, text: &str) -> Result<Named, Refusal> {
        if text.len() > MAX {
            return Err(Refusal::malformed("a tenant's id or slug is at most 255 bytes long"));
        }
        let named = match self {
            Self::Id(key) => Named::Id(key.parse(text).map_err(Refusal::malformed)?),
            Self::Slug => Named::Slug(text.to_owned()),
        };
        named.check()?;
        Ok(named)
    }
}
