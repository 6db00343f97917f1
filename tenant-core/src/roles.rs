use crate::{Error, quote::check_ident};

/// The roles of an installation. Roles belong to the whole server, hence the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    names: Names,
    /// What the tenant's role is a member of, where it is one schema's.
    everywhere: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    Single(String),
    Separate {
        login: String,
        tenant: String,
        shared: String,
        registry: String,
        admin: String,
        owner: String,
        analytics: String,
        staff: String,
        search: String,
    },
}

impl Roles {
    pub(crate) fn new(prefix: &str) -> Result<Self, Error> {
        let name = |suffix: &str| {
            let name = format!("{prefix}_{suffix}");
            check_ident(&name).map(|()| name)
        };
        Ok(Self {
            names: Names::Separate {
                login: name("login")?,
                tenant: name("tenant")?,
                shared: name("shared")?,
                registry: name("registry")?,
                admin: name("admin")?,
                owner: name("owner")?,
                analytics: name("analytics")?,
                staff: name("staff")?,
                search: name("search")?,
            },
            everywhere: None,
        })
    }

    /// The same for one schema, whose tenant has a role of its own.
    pub(crate) fn in_schema(&self, schema: &str) -> Result<Self, Error> {
        let mut roles = self.clone();
        if let Names::Separate { tenant, .. } = &mut roles.names {
            let own = format!("{}{schema}", self.schema_prefix());
            if let Err(Error::InvalidIdentifier { why, .. }) = check_ident(&own) {
                let why = format!(
                    "the role `{}` of the schema cannot be: {why}; give the tenant a schema with a \
                     shorter name",
                    own.escape_debug()
                );
                return Err(Error::InvalidPlacement { why });
            }
            let before = std::mem::replace(tenant, own);
            roles.everywhere.get_or_insert(before);
        }
        Ok(roles)
    }

    /// What the roles of tenants' own schemas begin with.
    pub(crate) fn schema_prefix(&self) -> String {
        let prefix = self.login().strip_suffix("login").unwrap_or_default();
        format!("{prefix}in_")
    }

    /// What a schema's own role is a member of: the role of tenants in shared tables.
    pub(crate) fn everywhere(&self) -> Option<&str> {
        self.everywhere.as_deref()
    }

    /// One for everything.
    pub(crate) fn single(role: &str) -> Self {
        Self { names: Names::Single(role.to_owned()), everywhere: None }
    }

    /// Whether one role does everything.
    pub fn is_single(&self) -> bool {
        matches!(self.names, Names::Single(_))
    }

    /// What the application logs in as; it may do nothing by itself.
    pub fn login(&self) -> &str {
        match &self.names {
            Names::Single(role) => role,
            Names::Separate { login, .. } => login,
        }
    }

    /// Works on one tenant's rows. `None` where one role does everything.
    pub fn tenant(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { tenant, .. } => Some(tenant),
        }
    }

    /// Works on shared tables. `None` where one role does everything.
    pub fn shared(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { shared, .. } => Some(shared),
        }
    }

    /// Reads the registry's tables.
    pub fn registry(&self) -> &str {
        match &self.names {
            Names::Single(role) => role,
            Names::Separate { registry, .. } => registry,
        }
    }

    /// Works across tenants. `None` where one role does everything.
    pub fn admin(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { admin, .. } => Some(admin),
        }
    }

    /// Owns the tables and runs migrations. `None` where one role does everything.
    pub fn owner(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { owner, .. } => Some(owner),
        }
    }

    /// Reads all tenants' rows and writes nothing: a login for reports. `None` where one role does
    /// everything.
    pub fn analytics(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { analytics, .. } => Some(analytics),
        }
    }

    /// Reads all tenants' rows: what support staff's own logins are made members of. `None` where
    /// one role does everything.
    pub fn staff(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { staff, .. } => Some(staff),
        }
    }

    /// Owns the search functions that an isolation was asked for, and reads what they search;
    /// nobody is it. There only where there is such a function. `None` where one role does
    /// everything.
    pub fn search(&self) -> Option<&str> {
        match &self.names {
            Names::Single(_) => None,
            Names::Separate { search, .. } => Some(search),
        }
    }

    /// All of them, each once, but for the one that is not always there.
    pub(crate) fn all(&self) -> Vec<&str> {
        match &self.names {
            Names::Single(role) => vec![role],
            Names::Separate {
                login,
                tenant,
                shared,
                registry,
                admin,
                owner,
                analytics,
                staff,
                ..
            } => {
                let mut all: Vec<&str> =
                    vec![login, tenant, shared, registry, admin, owner, analytics, staff];
                all.extend(self.everywhere());
                all
            }
        }
    }
}
