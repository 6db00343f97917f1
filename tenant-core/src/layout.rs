use crate::{
    Binding, Claim, Error, Placement, Roles, TenantSource,
    quote::{check_ident, quoted},
};

/// The setting that carries the tenant unless a layout names another.
const DEFAULT_SETTING: &str = "app.current_tenant_id";

/// The names that the application and its database agree on: roles, the setting that carries the
/// tenant, and the application's schemas.
///
/// [`Isolation`](crate::Isolation) installs them, an adapter's `TenantDb` uses them; give both the
/// same layout. Without one, `TenantDb` takes the database's name as the role prefix.
///
/// ```
/// use tenant_core::Layout;
///
/// let layout = Layout::new("shop")?.setting("shop.tenant")?.schemas(["sales", "public"])?;
/// assert_eq!(layout.roles().tenant(), Some("shop_tenant"));
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    roles: Roles,
    setting: String,
    schemas: Vec<String>,
    shared_schema: Option<String>,
    schema_roles: bool,
    binding: Binding,
    source: TenantSource,
    citus: bool,
}

impl Layout {
    /// Roles named `<prefix>_login`, `<prefix>_tenant` and so on; the schema `public`; the setting
    /// `app.current_tenant_id`.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when a role of that prefix would have more than 63 bytes.
    pub fn new(prefix: &str) -> Result<Self, Error> {
        Ok(Self::of(Roles::new(prefix)?))
    }

    /// One role for everything, for those who cannot have several. Row security holds all the same;
    /// what the separate roles refuse (tables that nobody declared, shared handles that reach for a
    /// tenant's table) nobody refuses then.
    ///
    /// The role must be neither a superuser nor `BYPASSRLS`.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut the name.
    pub fn single_role(role: &str) -> Result<Self, Error> {
        check_ident(role)?;
        Ok(Self::of(Roles::single(role)))
    }

    fn of(roles: Roles) -> Self {
        Self {
            roles,
            setting: DEFAULT_SETTING.to_owned(),
            schemas: vec!["public".to_owned()],
            shared_schema: None,
            schema_roles: false,
            binding: Binding::Automatic,
            source: TenantSource::Setting,
            citus: false,
        }
    }

    /// The setting that carries the tenant.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] unless it is two or more plain names joined by dots, as
    /// PostgreSQL wants a custom setting to be.
    pub fn setting(mut self, name: &str) -> Result<Self, Error> {
        check_setting(name)?;
        name.clone_into(&mut self.setting);
        Ok(self)
    }

    /// The schemas of the application's tables, in the order of its `search_path`.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut a name.
    pub fn schemas<S: Into<String>>(
        mut self,
        schemas: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        self.schemas = schemas.into_iter().map(Into::into).collect();
        self.schemas.iter().try_for_each(|schema| check_ident(schema))?;
        Ok(self.with_shared_schema())
    }

    /// The schema of the shared tables, for tenants that have a schema of their own
    /// ([`Placement::Schema`](crate::Placement)): those see theirs and this one, and no other. It must
    /// hold no tenant table, since one that is missing in the tenant's schema would be looked for
    /// here; a pool does not open where it does. It stands last in [`schemas`](Self::schemas).
    ///
    /// ```
    /// use tenant_core::Layout;
    ///
    /// let layout = Layout::new("shop")?.shared_schema("common")?;
    /// assert_eq!(layout.schema_names(), ["public", "common"]);
    /// assert_eq!(layout.tenant_schema("acme")?.schema_names(), ["acme", "common"]);
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut the name.
    pub fn shared_schema(mut self, schema: &str) -> Result<Self, Error> {
        check_ident(schema)?;
        self.shared_schema = Some(schema.to_owned());
        Ok(self.with_shared_schema())
    }

    /// Each schema of a tenant's own has a role of its own, `<prefix>_in_<schema>`, in place of
    /// `<prefix>_tenant`, which it is a member of: whoever names another tenant's schema has no right to
    /// look into it, before any policy is asked. Roles are the whole server's: thousands of them are slow to
    /// list, not to use.
    ///
    /// As with the other roles, what is held is a mistake, not SQL that was injected: that can take
    /// another role.
    ///
    /// ```
    /// use tenant_core::Layout;
    ///
    /// let layout = Layout::new("shop")?.schema_roles();
    /// assert_eq!(layout.tenant_schema("acme")?.roles().tenant(), Some("shop_in_acme"));
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// A layout of one role has no others, and none here.
    pub fn schema_roles(mut self) -> Self {
        self.schema_roles = true;
        self
    }

    fn with_shared_schema(mut self) -> Self {
        let missing = self.shared_schema.iter().find(|schema| !self.schemas.contains(schema));
        if let Some(schema) = missing.cloned() {
            self.schemas.push(schema);
        }
        self
    }

    /// The same for one tenant's own schema: what lint, probe, export and erasure want to be told,
    /// to look there.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] for a schema that cannot be one tenant's: PostgreSQL's, ours, or one
    /// of this layout's; or one whose role would have a name of more than 63 bytes.
    pub fn tenant_schema(&self, schema: &str) -> Result<Self, Error> {
        Placement::schema(Placement::MAIN, schema)?;
        if self.schemas.iter().any(|ours| ours == schema) {
            let why = format!("the schema `{schema}` is everybody's; give the tenant another one");
            return Err(Error::InvalidPlacement { why });
        }
        if self.shared_schema.as_deref() == self.schemas.first().map(String::as_str)
            && self.shared_schema.is_some()
        {
            let why =
                "the layout's first schema is where tenant tables are, so it cannot be the shared \
                       one: a table that a tenant's own schema lacks would be looked for there"
                    .to_owned();
            return Err(Error::InvalidPlacement { why });
        }
        let mut own = self.clone();
        own.schemas = vec![schema.to_owned()];
        if self.schema_roles {
            own.roles = self.roles.in_schema(schema)?;
        }
        Ok(own.with_shared_schema())
    }

    /// Where the database finds a transaction's tenant, for policies that an application has
    /// already.
    ///
    /// ```
    /// use tenant_core::{Claim, Layout, TenantSource};
    ///
    /// let claim = Claim::jwt(["app_metadata", "tenant_id"]);
    /// let layout = Layout::new("shop")?.tenant_source(TenantSource::Claim(claim))?;
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] and [`Error::InvalidSetting`] for a name that cannot be one.
    pub fn tenant_source(mut self, source: TenantSource) -> Result<Self, Error> {
        source.check()?;
        self.source = source;
        Ok(self)
    }

    /// How the tenant is set.
    pub fn binding(mut self, binding: Binding) -> Self {
        self.binding = binding;
        self
    }

    /// The database is distributed by Citus. [`Isolation`](crate::Isolation) then distributes the
    /// tenant tables by their tenant column, and a transaction tells every node its tenant: with
    /// [`Binding::SetLocal`], which this chooses in place of the default.
    ///
    /// ```
    /// use tenant_core::{Binding, Layout};
    ///
    /// let layout = Layout::new("shop")?.citus();
    /// assert_eq!(layout.binding_kind(), Binding::SetLocal);
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// What Citus cannot do is refused where the layout is used, with
    /// [`Error::InvalidTenancy`]: another binding, or a tenant source that calls functions.
    pub fn citus(mut self) -> Self {
        self.citus = true;
        if self.binding == Binding::Automatic {
            self.binding = Binding::SetLocal;
        }
        self
    }

    /// The roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The name of the setting that carries the tenant.
    pub fn setting_name(&self) -> &str {
        &self.setting
    }

    /// The application's schemas.
    pub fn schema_names(&self) -> &[String] {
        &self.schemas
    }

    /// The schema of the shared tables, if they have one of their own.
    pub fn shared_schema_name(&self) -> Option<&str> {
        self.shared_schema.as_deref()
    }

    /// Where a tenant table is whose declaration names no schema.
    pub(crate) fn home(&self) -> &str {
        self.schemas.first().map_or("public", String::as_str)
    }

    /// Where a shared table is, likewise.
    pub(crate) fn shared_home(&self) -> &str {
        self.shared_schema.as_deref().unwrap_or(self.home())
    }

    /// Where a transaction looks; `pg_temp` last, so that nothing shadows a table.
    pub(crate) fn path(&self) -> String {
        let names = self.schemas.iter().map(|schema| quoted(schema));
        names.chain(["pg_temp".to_owned()]).collect::<Vec<_>>().join(", ")
    }

    /// Where the database finds a transaction's tenant.
    pub fn source(&self) -> &TenantSource {
        &self.source
    }

    /// How the tenant is set.
    pub fn binding_kind(&self) -> Binding {
        self.binding
    }

    /// Whether each tenant's own schema has a role of its own.
    pub(crate) fn has_schema_roles(&self) -> bool {
        self.schema_roles
    }

    /// Whether the database is distributed by Citus.
    pub fn is_citus(&self) -> bool {
        self.citus
    }

    /// Refuses what does not reach the workers of a distributed database.
    pub(crate) fn check(&self, sealed: bool) -> Result<(), Error> {
        if !self.citus {
            return Ok(());
        }
        let why = match (self.binding, &self.source) {
            _ if sealed => {
                "a seal is opened by a function, and Citus hands to its workers only what SET LOCAL \
                 sets: leave the seal out, or Layout::citus()"
            }
            (Binding::SetLocal, TenantSource::Setting | TenantSource::Claim(Claim::Setting(_))) => {
                return Ok(());
            }
            (Binding::SetLocal, TenantSource::Claim(Claim::Jwt(_))) => return Ok(()),
            (Binding::SetLocal, _) => {
                "policies are asked on Citus's workers, where neither auth.jwt() nor a table of \
                 members can be: take the tenant from a setting or a claim in one"
            }
            _ => {
                "Citus hands SET LOCAL on to its workers, and neither set_config() nor what a \
                 function sets: they would see no tenant, or the one before. Leave Layout::binding() \
                 out, or say Binding::SetLocal"
            }
        };
        Err(Error::InvalidTenancy { why: why.to_owned() })
    }
}

pub(crate) fn check_setting(name: &str) -> Result<(), Error> {
    let plain = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
    };
    let why = if !name.contains('.') {
        "PostgreSQL wants a prefix and a dot in a custom setting's name"
    } else if !name.split('.').all(plain) {
        "each part must be letters, digits and underscores, and not begin with a digit"
    } else if name.len() > 63 {
        "it has more than 63 bytes"
    } else {
        return Ok(());
    };
    Err(Error::InvalidSetting { name: name.escape_debug().to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citus_takes_set_local_and_nothing_else() {
        let layout = || Layout::new("shop").unwrap().citus();
        assert!(layout().check(false).is_ok());
        assert!(layout().check(true).is_err(), "a seal");
        for binding in [Binding::Automatic, Binding::SetConfig, Binding::Sealed, Binding::Guarded] {
            let why = layout().binding(binding).check(false).unwrap_err().to_string();
            assert!(why.contains("Binding::SetLocal"), "{why}");
        }
        let sealed = Layout::new("shop").unwrap().binding(Binding::Sealed).citus();
        assert!(sealed.check(false).is_err(), "a seal is not taken away in silence");
        let source = |source| layout().tenant_source(source).unwrap().check(false);
        assert!(source(TenantSource::Claim(Claim::jwt(["tenant"]))).is_ok());
        assert!(source(TenantSource::Claim(Claim::auth_jwt(["tenant"]))).is_err());
        assert!(source(TenantSource::members(Claim::jwt(["sub"])).unwrap()).is_err());
        assert!(Layout::new("shop").unwrap().binding(Binding::Sealed).check(true).is_ok());
    }

    #[test]
    fn hostile_settings_and_prefixes_are_refused() {
        let layout = || Layout::new("shop").unwrap();
        for name in [
            "", "tenant", "app.", ".x", "a.b'c", "a.b c", "a.\"b\"", "1a.b", "a.b\\", "ä.b",
            "a.b;c",
        ] {
            assert!(layout().setting(name).is_err(), "{name:?}");
        }
        assert!(layout().setting("my_app.tenant.id").is_ok());
        assert!(Layout::new(&"x".repeat(54)).is_err(), "…_analytics would have 64 bytes");
        assert!(Layout::new(&"x".repeat(53)).is_ok());
        assert!(layout().schemas(["a\0b"]).is_err());
    }

    #[test]
    fn a_tenants_schema_is_nobody_elses_and_the_shared_one_holds_no_tenants() {
        let layout = Layout::new("shop").unwrap().shared_schema("common").unwrap();
        for everybodys in ["public", "common", "tenancy", "pg_temp", "$user"] {
            assert!(layout.tenant_schema(everybodys).is_err(), "{everybodys}");
        }
        let moved = layout.schemas(["template"]).unwrap();
        assert_eq!(moved.path(), r#""template", "common", pg_temp"#);
        assert_eq!(moved.tenant_schema("public").unwrap().path(), r#""public", "common", pg_temp"#);
        let mixed = Layout::new("shop").unwrap().shared_schema("public").unwrap();
        assert!(mixed.tenant_schema("acme").is_err());
        assert_eq!(
            Layout::new("shop").unwrap().tenant_schema("acme").unwrap().path(),
            r#""acme", pg_temp"#
        );
    }
}
