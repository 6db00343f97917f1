use std::{error::Error as StdError, net::IpAddr};

use axum::http::StatusCode;
use tenant_core::VerifyError;

/// Somebody else's error. Its text is for logs, not for strangers.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a request gets no tenant.
///
/// The distinctions and the texts are for the application's log. The client is told a status and a
/// [`Problem`](crate::Problem), which say less.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing in the request says who asks. 401
    #[error("the request has no credentials that any resolver knows")]
    NoCredentials,
    /// What says who asks does not hold. 401
    #[error("the credentials do not hold: {0}")]
    BadCredentials(#[source] BoxError),
    /// What says which tenant is meant cannot be read. 400
    #[error("what names the tenant cannot be read: {0}")]
    Malformed(#[source] BoxError),
    /// It is known who asks, and nothing says for which tenant. 400
    #[error(
        "nothing in the request names a tenant; name it in the token, or add a resolver that \
         locates it"
    )]
    NoTenant,
    /// Something that only a trusted proxy may say came from elsewhere. 403
    #[error(
        "`{what}` came from {peer}, which is no trusted proxy; if it is yours, add it to the \
         `TrustedProxies`"
    )]
    Untrusted {
        /// The header.
        what: String,
        /// Who sent it.
        peer: IpAddr,
    },
    /// Two that have something to say do not agree on the tenant or the user. 403
    #[error("the request names two tenants, or two users")]
    Mismatch,
    /// No tenant is called so. 404
    #[error("no tenant is called so; check the address, or register the tenant")]
    Unknown,
    /// A parameter of the path is wanted, and the path is no route's. 404
    #[error(
        "no route was matched before the layer; where that holds for all requests, the layer \
         stands outside of the router: `Router::layer`"
    )]
    NoRoute,
    /// The registry did not verify the claim. 401, 403, 404 or 503
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Something that has to be asked could not answer. 503
    #[error("what has to be asked did not answer: {0}")]
    Unavailable(#[source] BoxError),
    /// The application's own mistake. 500
    #[error("the tenant layer is set up wrongly: {0}")]
    Misconfigured(String),
}

impl Refusal {
    /// What says who asks does not hold.
    pub fn bad_credentials(why: impl Into<BoxError>) -> Self {
        Self::BadCredentials(why.into())
    }

    /// What says which tenant is meant cannot be read.
    pub fn malformed(why: impl Into<BoxError>) -> Self {
        Self::Malformed(why.into())
    }

    /// Something that has to be asked could not answer. Never use it for "no", nor "no" for it.
    pub fn unavailable(why: impl Into<BoxError>) -> Self {
        Self::Unavailable(why.into())
    }

    /// The status that the client gets: never a success.
    pub fn status(&self) -> StatusCode {
        self.kind().status()
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NoCredentials => Kind::Unauthenticated,
            Self::BadCredentials(_) | Self::Verify(VerifyError::Revoked(_)) => {
                Kind::InvalidCredentials
            }
            Self::Malformed(_) => Kind::Malformed,
            Self::NoTenant => Kind::NoTenant,
            Self::Untrusted { .. } | Self::Mismatch | Self::Verify(VerifyError::NotMember(_)) => {
                Kind::Forbidden
            }
            Self::Verify(VerifyError::Suspended(_)) => Kind::Suspended,
            Self::Unknown
            | Self::NoRoute
            | Self::Verify(VerifyError::Unknown(_) | VerifyError::Deleted(_)) => Kind::Unknown,
            Self::Verify(VerifyError::Maintenance(_)) => Kind::Maintenance,
            Self::Verify(VerifyError::Registry(_)) | Self::Unavailable(_) => Kind::Unavailable,
            // `VerifyError` may get more variants: what is not known here is not the client's fault.
            Self::Verify(_) | Self::Misconfigured(_) => Kind::Misconfigured,
        }
    }
}

/// What a client may know of a refusal. Each is one stable `type` of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unauthenticated,
    InvalidCredentials,
    Malformed,
    NoTenant,
    Forbidden,
    Suspended,
    Unknown,
    Maintenance,
    Unavailable,
    Misconfigured,
}

impl Kind {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::Malformed | Self::NoTenant => StatusCode::BAD_REQUEST,
            Self::Forbidden | Self::Suspended => StatusCode::FORBIDDEN,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Maintenance | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The last part of the problem's type, and its title.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unauthenticated => ("unauthenticated", "Sign in first"),
            Self::InvalidCredentials => ("invalid-credentials", "Sign in anew"),
            Self::Malformed => ("malformed", "The request cannot be read"),
            Self::NoTenant => ("no-tenant", "The request names no tenant"),
            Self::Forbidden => ("forbidden", "Not allowed"),
            Self::Suspended => ("suspended", "Suspended"),
            Self::Unknown => ("unknown", "Not found"),
            Self::Maintenance => ("maintenance", "In maintenance, try again later"),
            Self::Unavailable => ("unavailable", "Unavailable, try again later"),
            Self::Misconfigured => ("internal", "Internal error"),
        }
    }
}
