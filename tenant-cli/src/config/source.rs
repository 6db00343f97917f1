//! Where the database finds a transaction's tenant.

use serde::Deserialize;
use tenant_core::{Claim, Error, TenantSource};

use super::table::Table;

/// `{ jwt = ["app_metadata", "tenant_id"] }` and the like.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Setting(String),
    Jwt(Vec<String>),
    AuthJwt(Vec<String>),
    Members(Members),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    table: Option<Table>,
    tenant_column: Option<String>,
    user_column: Option<String>,
    user: Who,
}

/// Who the user is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    Setting(String),
    Jwt(Vec<String>),
    AuthJwt(Vec<String>),
}

impl Source {
    pub(super) fn source(&self) -> Result<TenantSource, Error> {
        Ok(match self {
            Self::Setting(name) => TenantSource::Claim(Claim::Setting(name.clone())),
            Self::Jwt(path) => TenantSource::Claim(Claim::jwt(path)),
            Self::AuthJwt(path) => TenantSource::Claim(Claim::auth_jwt(path)),
            Self::Members(members) => members.source()?,
        })
    }
}

impl Members {
    fn source(&self) -> Result<TenantSource, Error> {
        let who = match &self.user {
            Who::Setting(name) => Claim::Setting(name.clone()),
            Who::Jwt(path) => Claim::jwt(path),
            Who::AuthJwt(path) => Claim::auth_jwt(path),
        };
        let mut source = TenantSource::members(who)?;
        if let TenantSource::Members { table, tenant, user, .. } = &mut source {
            if let Some(named) = &self.table {
                *table = named.name().clone();
            }
            if let Some(column) = &self.tenant_column {
                tenant.clone_from(column);
            }
            if let Some(column) = &self.user_column {
                user.clone_from(column);
            }
        }
        Ok(source)
    }
}
