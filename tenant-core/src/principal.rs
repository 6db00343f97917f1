use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// Who asks for a tenant, and so what has to be checked before the tenant is opened.
///
/// A tenant that exists is not a tenant that the caller may use.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use tenant_core::{Principal, StaticRegistry, TenantRecord, TenantScope, VerifyError};
///
/// let registry = StaticRegistry::new([TenantRecord::new(7, "acme")]);
/// let user = Principal::User("mallory".to_owned());
/// let refused = TenantScope::claim(7, user).verify(&registry).await;
/// assert!(matches!(refused, Err(VerifyError::NotMember(_))));
///
/// let nightly = Principal::System("nightly invoices".into());
/// assert!(TenantScope::claim(7, nightly).verify(&registry).await.is_ok());
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// A user by id: the registry must know the user as a member of the tenant.
    User(String),
    /// A token whose signature was verified and which names this very tenant. Whoever constructs
    /// this vouches for both.
    Token,
    /// A job or tool that acts on its own account, with the reason. Nothing is checked, so `grep`
    /// for it.
    System(Cow<'static, str>),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Token => f.write_str("a verified token"),
            Self::System(reason) => write!(f, "system ({reason})"),
        }
    }
}

/// What may come out of a payload: only the principal that the registry checks again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WirePrincipal {
    User(String),
}
