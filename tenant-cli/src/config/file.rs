//! The file as it stands.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use tenant_core::{
    Adopt, Answer, Binding, Error, Isolation, Layout, TableName, Tenancy, TenantKey,
};
use toml::Spanned;

use super::{
    ConfigError, Suppression,
    isolation::Options,
    plan::Plan,
    source::Source,
    table::{Table, TenantTableEntry, table_name},
    url::{Url, url},
};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    key: TenantKey,
    role_prefix: Option<Spanned<String>>,
    single_role: Option<Spanned<String>>,
    schemas: Option<Spanned<Vec<String>>>,
    shared_schema: Option<Spanned<String>>,
    schema_roles: Option<Spanned<bool>>,
    setting: Option<Spanned<String>>,
    binding: Option<Spanned<BindingName>>,
    source: Option<Spanned<Source>>,
    #[serde(default)]
    citus: bool,
    #[serde(default)]
    tenant_tables: Vec<Spanned<TenantTableEntry>>,
    #[serde(default)]
    shared_tables: Vec<Spanned<Table>>,
    #[serde(default)]
    pub(super) database: Database,
    #[serde(default)]
    pub(super) databases: BTreeMap<String, Url>,
    #[serde(default)]
    pub(super) isolation: Options,
    #[serde(default)]
    pub(super) probe: ProbeOptions,
    #[serde(default)]
    pub(super) slugs: Slugs,
    #[serde(default)]
    pub(super) plans: BTreeMap<String, Plan>,
    #[serde(default)]
    pub(super) suppress: Vec<Suppression>,
    #[serde(default)]
    pub(super) adopt: Adoption,
}

/// What is known of a database before it is adopted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adoption {
    tenants_table: Option<Table>,
    #[serde(default)]
    tables: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BindingName {
    Automatic,
    SetConfig,
    SetLocal,
    Sealed,
    Guarded,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    #[serde(default, deserialize_with = "url")]
    pub(super) url: Option<String>,
    #[serde(default, deserialize_with = "url")]
    pub(super) app_url: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeOptions {
    pub(super) tenants: Option<[Spanned<String>; 2]>,
    pub(super) users: Option<[String; 2]>,
    #[serde(default)]
    pub(super) with_triggers: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slugs {
    #[serde(default)]
    pub(super) reserve: Vec<String>,
    #[serde(default)]
    pub(super) allow: Vec<String>,
}

impl File {
    pub(super) fn tenancy(
        &self,
        at: &dyn Fn(Range<usize>, String) -> ConfigError,
    ) -> Result<Tenancy, ConfigError> {
        let mut tenancy = Tenancy::new(self.key);
        let mut seen: Vec<TableName> = Vec::new();
        let home = self.schemas.as_ref().and_then(|s| s.get_ref().first());
        let home = home.map_or("public", String::as_str);
        let common = self.shared_schema.as_ref().map(|s| s.get_ref().as_str());
        let tenants = self.tenant_tables.iter().map(|e| (e.span(), e.get_ref().table(), home));
        let shared_home = common.unwrap_or(home);
        let shared = self.shared_tables.iter().map(|e| (e.span(), e.get_ref().name(), shared_home));
        for (span, name, home) in tenants.chain(shared) {
            let full = match name.schema() {
                Some(_) => name.clone(),
                None => {
                    name.clone().in_schema(home).map_err(|e| at(span.clone(), e.to_string()))?
                }
            };
            if seen.contains(&full) {
                let why =
                    "this table is declared twice; it is either a tenant's or shared, so leave one";
                return Err(at(span, why.to_owned()));
            }
            seen.push(full);
        }
        let mut tenants = self.tenant_tables.iter().zip(&seen);
        if let Some((entry, _)) = tenants.find(|(_, full)| full.schema() == common) {
            let why = "a tenant's table in the shared schema would be everybody's, where the tenant's \
                       own schema lacks it: declare it in another schema, or name another \
                       `shared_schema`";
            return Err(at(entry.span(), why.to_owned()));
        }
        for entry in &self.tenant_tables {
            let table = entry.get_ref();
            tenancy = tenancy.tenant_table(Ok(table.table().clone()), table.column());
            tenancy.check().map_err(|error| at(entry.span(), error.to_string()))?;
        }
        for entry in &self.shared_tables {
            tenancy = tenancy.shared_table(Ok(entry.get_ref().name().clone()));
            tenancy.check().map_err(|error| at(entry.span(), error.to_string()))?;
        }
        Ok(tenancy)
    }

    /// The layout, or what is wrong and where it stands.
    pub(super) fn layout(&self, database: &str) -> Result<Layout, (Range<usize>, Error)> {
        let roles = self.single_role.as_ref().or(self.role_prefix.as_ref());
        let mut layout = at(roles, self.roles(database))?;
        if let Some(schemas) = &self.schemas {
            layout = at(Some(schemas), layout.schemas(schemas.get_ref().clone()))?;
        }
        if let Some(shared) = &self.shared_schema {
            layout = at(Some(shared), layout.shared_schema(shared.get_ref()))?;
        }
        if self.has_schema_roles().is_some() {
            layout = layout.schema_roles();
        }
        if let Some(setting) = &self.setting {
            layout = at(Some(setting), layout.setting(setting.get_ref()))?;
        }
        if let Some(source) = &self.source {
            let made = source.get_ref().source();
            layout = at(Some(source), made.and_then(|made| layout.tenant_source(made)))?;
        }
        if let Some(binding) = &self.binding {
            layout = layout.binding(binding.get_ref().binding());
        }
        Ok(if self.citus { layout.citus() } else { layout })
    }

    /// The isolation, likewise.
    pub(super) fn isolation(
        &self,
        tenancy: &Tenancy,
        database: &str,
    ) -> Result<Isolation, (Range<usize>, Error)> {
        let layout = self.layout(database)?;
        let binding = self.binding.as_ref().map(Spanned::span);
        let place = binding.or(self.source.as_ref().map(Spanned::span)).unwrap_or_default();
        let mut isolation = Isolation::new(tenancy, &layout).map_err(|error| (place, error))?;
        for entry in &self.tenant_tables {
            isolation = at(Some(entry), entry.get_ref().options(isolation, tenancy.key()))?;
        }
        self.isolation.ask(isolation)
    }

    /// What `tenant adopt` reads with these schemas and answers.
    pub(super) fn adopt(
        &self,
        at: &dyn Fn(Range<usize>, String) -> ConfigError,
    ) -> Result<Adopt, ConfigError> {
        let mut adopt = Adopt::new();
        // Where there is none, `Config::check` says why.
        let layout = self.layout("x").ok().filter(|layout| !layout.schema_names().is_empty());
        if let Some(layout) = layout {
            adopt = adopt.schemas(layout.schema_names().iter().cloned());
        }
        if let Some(table) = &self.adopt.tenants_table {
            adopt = adopt.tenants_table(table.name().clone());
        }
        for (name, answer) in &self.adopt.tables {
            let table = table_name(name).map_err(|why| at(answer.span(), why))?;
            let said = answer.get_ref().parse::<Answer>();
            adopt = adopt.answer(table, said.map_err(|e| at(answer.span(), e.to_string()))?);
        }
        Ok(adopt)
    }

    /// Where two keys are that exclude each other, and why they do.
    pub(super) fn contradiction(&self) -> Option<(Range<usize>, &'static str)> {
        let single = self.single_role.as_ref();
        let prefix = single.filter(|_| self.role_prefix.is_some()).map(|single| {
            let why = "one role does everything, or there are several: leave `role_prefix` or \
                       `single_role`";
            (single.span(), why)
        });
        let schemas = self.has_schema_roles().filter(|_| single.is_some()).map(|roles| {
            let why = "one role does everything, so no schema has a role of its own: leave \
                       `schema_roles` or `single_role`";
            (roles.span(), why)
        });
        let searches = self.isolation.search_twice().map(|span| {
            (span, "there is a search of this name already; a function has its name alone")
        });
        prefix.or(schemas).or(searches)
    }

    fn has_schema_roles(&self) -> Option<&Spanned<bool>> {
        self.schema_roles.as_ref().filter(|roles| *roles.get_ref())
    }

    pub(super) fn names_roles(&self) -> bool {
        self.role_prefix.is_some() || self.single_role.is_some()
    }

    fn roles(&self, database: &str) -> Result<Layout, Error> {
        match (&self.single_role, &self.role_prefix) {
            (Some(role), _) => Layout::single_role(role.get_ref()),
            (None, Some(prefix)) => Layout::new(prefix.get_ref()),
            (None, None) => Layout::new(database),
        }
    }
}

impl BindingName {
    fn binding(self) -> Binding {
        match self {
            Self::Automatic => Binding::Automatic,
            Self::SetConfig => Binding::SetConfig,
            Self::SetLocal => Binding::SetLocal,
            Self::Sealed => Binding::Sealed,
            Self::Guarded => Binding::Guarded,
        }
    }
}

/// With the place where it stands.
pub(super) fn at<T, R>(
    place: Option<&Spanned<T>>,
    result: Result<R, Error>,
) -> Result<R, (Range<usize>, Error)> {
    result.map_err(|error| (place.map_or(0..0, Spanned::span), error))
}
