//! Where the database is, and what opens it.

use std::env;

use tenant_core::{Seal, SealKey};

use crate::Result;

/// An address for each login, so that a part of the service may do only what it is for.
pub(crate) struct Database {
    /// For requests: may do nothing by itself.
    pub(crate) login: String,
    pub(crate) registry: String,
    /// For staff's tools.
    pub(crate) admin: String,
    pub(crate) key: SealKey,
}

impl Database {
    /// The one that the environment names, if it names one.
    pub(crate) fn of_environment() -> Result<Option<Self>> {
        let Ok(login) = env::var("LOGIN_URL") else { return Ok(None) };
        let wanted = |name: &str| {
            env::var(name).map_err(|_| format!("LOGIN_URL is set: {name} is wanted, too"))
        };
        let (registry, admin) = (wanted("REGISTRY_URL")?, wanted("ADMIN_URL")?);
        let key = SealKey::from_hex("k1", &wanted("TENANT_SEAL_KEY")?)?;
        Ok(Some(Self { login, registry, admin, key }))
    }

    pub(crate) fn seal(&self) -> Seal {
        Seal::new(self.key.clone())
    }
}
