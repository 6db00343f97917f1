//! The file as it stands.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use serde::Deserialize;
use tenant_core::{
    Adopt, Answer, Binding, Error, Layout, Leakproof, Limits, TableName, Tenancy, TenantKey,
};
use toml::Spanned;

use super::{
    ConfigError, Suppression,
    source::Source,
    table::{Table, TenantTableEntry, table_name},
    units,
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
    #[serde(default)]
    schema_roles: bool,
    setting: Option<Spanned<String>>,
    pub(super) binding: Option<Spanned<BindingName>>,
    source: Option<Spanned<Source>>,
    #[serde(default)]
    citus: bool,
    #[serde(default)]
    pub(super) tenant_tables: Vec<Spanned<TenantTableEntry>>,
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
pub(super) enum BindingName {
    Automatic,
    SetConfig,
    SetLocal,
    Sealed,
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
pub(super) struct Options {
    #[serde(default)]
    pub(super) hide_activity: bool,
    #[serde(default)]
    pub(super) leakproof: Vec<LeakproofName>,
    pub(super) revoke_set_config: Option<Spanned<bool>>,
}

/// Core's operators by the names that the file has.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LeakproofName {
    FullText,
    Numeric,
    Enum,
    JsonbKeys,
}

impl LeakproofName {
    pub(super) fn operators(self) -> Leakproof {
        match self {
            Self::FullText => Leakproof::FullText,
            Self::Numeric => Leakproof::Numeric,
            Self::Enum => Leakproof::Enum,
            Self::JsonbKeys => Leakproof::JsonbKeys,
        }
    }
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

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(default, deserialize_with = "units::limit")]
    statement_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::limit")]
    lock_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::limit")]
    idle_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "units::kib")]
    work_mem: Option<u32>,
    parallel_workers: Option<u16>,
}

impl Plan {
    pub(super) fn limits(&self) -> Limits {
        let mut limits = Limits::new();
        if let Some(timeout) = self.statement_timeout {
            limits = limits.statement_timeout(timeout);
        }
        if let Some(timeout) = self.lock_timeout {
            limits = limits.lock_timeout(timeout);
        }
        if let Some(timeout) = self.idle_timeout {
            limits = limits.idle_timeout(timeout);
        }
        if let Some(kib) = self.work_mem {
            limits = limits.work_mem_kib(kib);
        }
        if let Some(workers) = self.parallel_workers {
            limits = limits.parallel_workers(workers);
        }
        limits
    }
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
        let tenants = self.tenant_tables.iter().map(|e| (e.span(), e.get_ref().table()));
        let shared = self.shared_tables.iter().map(|e| (e.span(), e.get_ref().name()));
        for (span, name) in tenants.chain(shared) {
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
        for entry in &self.tenant_tables {
            let entry = entry.get_ref();
            tenancy = tenancy.tenant_table(Ok(entry.table().clone()), entry.column());
        }
        for entry in &self.shared_tables {
            tenancy = tenancy.shared_table(Ok(entry.get_ref().name().clone()));
        }
        tenancy.check().map_err(|error| at(0..0, error.to_string()))?;
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
        if self.schema_roles {
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

    /// What `tenant adopt` reads with these schemas and answers.
    pub(super) fn adopt(
        &self,
        at: &dyn Fn(Range<usize>, String) -> ConfigError,
    ) -> Result<Adopt, ConfigError> {
        let mut adopt = Adopt::new();
        if let Some(schemas) = self.schemas.as_ref().filter(|s| !s.get_ref().is_empty()) {
            adopt = adopt.schemas(schemas.get_ref().iter().cloned());
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

    /// Where both are said, the second place.
    pub(super) fn two_kinds_of_roles(&self) -> Option<Range<usize>> {
        self.role_prefix.as_ref().and(self.single_role.as_ref()).map(Spanned::span)
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
        }
    }
}

fn at<T, R>(
    place: Option<&Spanned<T>>,
    result: Result<R, Error>,
) -> Result<R, (Range<usize>, Error)> {
    result.map_err(|error| (place.map_or(0..0, Spanned::span), error))
}
