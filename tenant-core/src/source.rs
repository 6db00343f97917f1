use crate::{Error, TableName, quote::check_ident, quote::quoted, quote_literal};

/// A value that a transaction carries: in a setting, or in the claims of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// A setting that holds nothing else, such as `app.user_id`.
    Setting(String),
    /// A claim in the JSON of `request.jwt.claims`, by its path: `["tenant_id"]`, or
    /// `["app_metadata", "tenant_id"]`. `PostgREST` sets it, and whoever works like it.
    Jwt(Vec<String>),
    /// A claim in what `auth.jwt()` returns, as Supabase has it, by its path.
    AuthJwt(Vec<String>),
}

impl Claim {
    /// A claim of `request.jwt.claims`.
    pub fn jwt<S: Into<String>>(path: impl IntoIterator<Item = S>) -> Self {
        Self::Jwt(path.into_iter().map(Into::into).collect())
    }

    /// A claim of `auth.jwt()`.
    pub fn auth_jwt<S: Into<String>>(path: impl IntoIterator<Item = S>) -> Self {
        Self::AuthJwt(path.into_iter().map(Into::into).collect())
    }

    /// The value as an expression of the type `text`; NULL or `''` where there is none.
    fn expression(&self) -> String {
        let at = |json: &str, path: &[String]| {
            let path: Vec<String> = path.iter().map(|name| quote_literal(name)).collect();
            format!("{json} #>> ARRAY[{}]::text[]", path.join(", "))
        };
        match self {
            Self::Setting(name) => format!("current_setting({}, true)", quote_literal(name)),
            Self::Jwt(path) => {
                at("nullif(current_setting('request.jwt.claims', true), '')::jsonb", path)
            }
            Self::AuthJwt(path) => at("auth.jwt()::jsonb", path),
        }
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Setting(name) => crate::layout::check_setting(name),
            Self::Jwt(path) | Self::AuthJwt(path) => {
                if path.is_empty() || path.iter().any(|name| name.is_empty() || name.contains('\0'))
                {
                    return Err(Error::InvalidIdentifier {
                        name: path.join("."),
                        why: "the path to a claim needs a name at every step",
                    });
                }
                Ok(())
            }
        }
    }
}

/// Where `tenancy.current_tenant()` finds the tenant: the one place that knows, which policies and
/// defaults ask.
///
/// Whatever the source, it is set by whoever opens the transaction and must come from something
/// verified. [`Setting`](Self::Setting) is what `TenantDb` sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TenantSource {
    /// The layout's setting.
    #[default]
    Setting,
    /// A claim.
    Claim(Claim),
    /// A table that says which tenants a user belongs to. A transaction sees the rows of all of
    /// them; the layout's setting, where it is set, narrows that to one.
    Members {
        /// The table, such as `tenancy.members`.
        table: TableName,
        /// Its column with the tenant.
        tenant: String,
        /// Its column with the user.
        user: String,
        /// Who the user is.
        who: Claim,
    },
}

impl TenantSource {
    /// The registry's own table of members.
    ///
    /// ```
    /// use tenant_core::{Claim, Layout, TenantSource};
    ///
    /// // Every tenant that the user of `request.jwt.claims` is a member of.
    /// let source = TenantSource::members(Claim::jwt(["sub"]))?;
    /// let layout = Layout::new("shop")?.tenant_source(source)?;
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// None today; the names are made as any others are.
    pub fn members(who: Claim) -> Result<Self, Error> {
        let table = TableName::new("members")?.in_schema("tenancy")?;
        Ok(Self::Members { table, tenant: "tenant_id".to_owned(), user: "user_id".to_owned(), who })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Setting => Ok(()),
            Self::Claim(claim) => claim.check(),
            Self::Members { tenant, user, who, .. } => {
                check_ident(tenant)?;
                check_ident(user)?;
                who.check()
            }
        }
    }

    /// What a policy asks of a tenant column, which is quoted already. One evaluation per
    /// statement, and the bare column on the left, in either form.
    pub(crate) fn predicate(&self, column: &str) -> String {
        match self {
            Self::Members { .. } => {
                format!("{column} = ANY (ARRAY(SELECT tenancy.current_tenants()))")
            }
            _ => format!("{column} = (SELECT tenancy.current_tenant())"),
        }
    }

    /// The tenant as an expression of the type `text`, for `tenancy.current_tenant()`.
    pub(crate) fn expression(&self, setting: &str) -> String {
        match self {
            Self::Setting => format!("current_setting({}, true)", quote_literal(setting)),
            Self::Claim(claim) => claim.expression(),
            Self::Members { .. } => {
                // One tenant, or the one that the setting has chosen; of several, none.
                "(SELECT CASE WHEN count(*) = 1 THEN min(t::text) END \
                  FROM tenancy.current_tenants() AS t)"
                    .to_owned()
            }
        }
    }

    /// Whether `auth.jwt()` is called.
    pub(crate) fn asks_auth(&self) -> bool {
        let claim = match self {
            Self::Setting => return false,
            Self::Claim(claim) | Self::Members { who: claim, .. } => claim,
        };
        matches!(claim, Claim::AuthJwt(_))
    }

    /// The query of `tenancy.current_tenants()`, where there is one.
    pub(crate) fn membership(&self, setting: &str, key: crate::TenantKey) -> Option<Membership> {
        let Self::Members { table, tenant, user, who } = self else { return None };
        let setting = format!("nullif(current_setting({}, true), '')", quote_literal(setting));
        let (tenant, user_column) = (quoted(tenant), quoted(user));
        let before = format!(
            "SELECT m.{tenant} FROM {table} m WHERE m.{user_column} = nullif({}, '')",
            who.expression()
        );
        let after = format!(" AND ({setting} IS NULL OR m.{tenant} = {setting}::{key})");
        Some(Membership { table: table.clone(), user: user.clone(), before, after })
    }
}

/// The membership query around the cast to the user column's type, which only the database knows.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) table: TableName,
    pub(crate) user: String,
    pub(crate) before: String,
    pub(crate) after: String,
}
