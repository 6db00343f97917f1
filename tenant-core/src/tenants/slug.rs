use std::{collections::BTreeSet, fmt};

use super::TenantsError;

/// Names that a product wants for itself, sooner or later.
const RESERVED: [&str; 45] = [
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "autoconfig",
    "autodiscover",
    "beta",
    "billing",
    "blog",
    "cdn",
    "console",
    "dashboard",
    "demo",
    "dev",
    "docs",
    "ftp",
    "help",
    "imap",
    "internal",
    "localhost",
    "login",
    "mail",
    "mta-sts",
    "mx",
    "ns1",
    "ns2",
    "pop",
    "root",
    "shop",
    "smtp",
    "sso",
    "staging",
    "static",
    "status",
    "support",
    "system",
    "test",
    "wpad",
    "www",
    "www1",
    "www2",
    "web",
];

/// A tenant's short name, as it stands in a host or a path: a DNS label.
///
/// 1 to 63 lower-case ASCII letters, digits and hyphens, with no hyphen at either end, and not two in
/// third and fourth place (`xn--…`), behind which another script's letters hide.
///
/// ```
/// use tenant_core::Slug;
///
/// assert_eq!(Slug::new("acme-2")?.as_str(), "acme-2");
/// assert!(Slug::new("Acme").is_err());
/// assert!(Slug::new("xn--acme").is_err());
/// # Ok::<(), tenant_core::TenantsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// Reads one. Reserved words are a matter of [`SlugRules`].
    ///
    /// # Errors
    /// [`TenantsError::InvalidSlug`] with what is wrong.
    pub fn new(text: &str) -> Result<Self, TenantsError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let why = if text.is_empty() {
            "it is empty"
        } else if text.len() > 63 {
            "it has more than 63 characters"
        } else if !text.bytes().all(plain) {
            "it may have lower-case ASCII letters, digits and hyphens only"
        } else if text.starts_with('-') || text.ends_with('-') {
            "it must not begin or end with a hyphen"
        } else if text.as_bytes().get(2..4) == Some(b"--") {
            "hyphens in third and fourth place stand for another script's letters"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(TenantsError::InvalidSlug { slug: text.escape_debug().to_string(), why })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which slugs may be taken: any [`Slug`] that is not reserved. `www`, `api`, `admin`, `mail` and some
/// forty more are, to begin with.
///
/// ```
/// use tenant_core::SlugRules;
///
/// let rules = SlugRules::default().reserve(["pricing"]).allow(["demo"]);
/// assert!(rules.check("pricing").is_err());
/// assert!(rules.check("demo").is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugRules {
    reserved: BTreeSet<String>,
}

impl Default for SlugRules {
    fn default() -> Self {
        Self { reserved: RESERVED.into_iter().map(str::to_owned).collect() }
    }
}

impl SlugRules {
    /// Reserves these as well.
    pub fn reserve<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.reserved.extend(words.into_iter().map(Into::into));
        self
    }

    /// Lets tenants have these.
    pub fn allow<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        for word in words {
            self.reserved.remove(word.as_ref());
        }
        self
    }

    /// Whether a tenant may have it; whether one has it, the database knows.
    ///
    /// # Errors
    /// [`TenantsError::InvalidSlug`] with what is wrong.
    pub fn check(&self, text: &str) -> Result<Slug, TenantsError> {
        let slug = Slug::new(text)?;
        if self.reserved.contains(text) {
            let why = "it is reserved; `SlugRules::allow` lets tenants have it";
            return Err(TenantsError::InvalidSlug { slug: slug.0, why });
        }
        Ok(slug)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_label_or_reserved_is_refused() {
        let rules = SlugRules::default();
        for text in ["", "-a", "a-", "A", "ä", "a.b", "a_b", "a b", "a\0", "xn--a", "ab--c", "www"]
        {
            assert!(rules.check(text).is_err(), "{text:?}");
        }
        for text in ["a", "0", "a-b", "a--b", "abc--d", "4711"] {
            assert!(rules.check(text).is_ok(), "{text:?}");
        }
        assert!(RESERVED.iter().all(|word| Slug::new(word).is_ok()));
    }

    proptest! {
        #[test]
        fn every_label_is_a_slug(text in "[a-z0-9]([a-z0-9]{0,61}[a-z0-9])?") {
            let slug = Slug::new(&text).unwrap();
            prop_assert_eq!(slug.as_str(), text);
        }

        #[test]
        fn a_slug_is_a_label(text in r"([a-zA-Z0-9.-]|\PC){0,70}") {
            if let Ok(slug) = Slug::new(&text) {
                let bytes = slug.as_str().as_bytes();
                prop_assert!((1..=63).contains(&bytes.len()));
                prop_assert!(bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
                prop_assert!(bytes[0] != b'-' && bytes[bytes.len() - 1] != b'-');
            }
        }
    }
}
