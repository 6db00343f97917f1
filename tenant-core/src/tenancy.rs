use std::fmt;

use crate::{Error, Layout, TenantKey, quote};

/// The tenant column of a table whose declaration names no other.
pub(crate) const TENANT_COLUMN: &str = "tenant_id";

/// A table by its name, with its schema if the declaration has one.
///
/// ```
/// use tenant_core::TableName;
///
/// let table = TableName::new("invoices")?.in_schema("billing")?;
/// assert_eq!(table.to_string(), r#""billing"."invoices""#);
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    schema: Option<String>,
    name: String,
}

impl TableName {
    /// A table that is found on the `search_path`.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut the name.
    pub fn new(name: &str) -> Result<Self, Error> {
        quote::check_ident(name)?;
        Ok(Self { schema: None, name: name.to_owned() })
    }

    /// The same table in this schema.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut the name.
    pub fn in_schema(mut self, schema: &str) -> Result<Self, Error> {
        quote::check_ident(schema)?;
        self.schema = Some(schema.to_owned());
        Ok(self)
    }

    /// The schema, if the declaration has one.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name, without schema or quotes.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Quoted, as it stands in SQL.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote::quoted(schema))?;
        }
        f.write_str(&quote::quoted(&self.name))
    }
}

/// A table whose rows belong to tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantTable {
    table: TableName,
    column: String,
}

impl TenantTable {
    /// A tenant table with this tenant column.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut the column's name.
    pub fn new(table: TableName, column: &str) -> Result<Self, Error> {
        quote::check_ident(column)?;
        Ok(Self { table, column: column.to_owned() })
    }

    /// Which table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// The column that says whose a row is.
    pub fn column(&self) -> &str {
        &self.column
    }
}

/// The declared tables of an application: which belong to tenants, and which are shared.
///
/// The adapters' `tenancy!` makes this value and the compile-time classification from one
/// declaration. A declaration that PostgreSQL could not hold (a name of 64 bytes, the same table
/// in both groups) is kept as an error, which everything that takes a tenancy reports
/// ([`Tenancy::check`]).
#[derive(Debug, Clone, Default)]
pub struct Tenancy {
    key: TenantKey,
    tenant: Vec<TenantTable>,
    shared: Vec<TableName>,
    invalid: Option<String>,
}

impl Tenancy {
    /// No tables yet, for tenants with this kind of key.
    pub fn new(key: TenantKey) -> Self {
        Self { key, ..Self::default() }
    }

    /// Adds a tenant table with the column `tenant_id`, or the one given.
    pub fn tenant_table(mut self, table: Result<TableName, Error>, column: Option<&str>) -> Self {
        match table.and_then(|t| TenantTable::new(t, column.unwrap_or(TENANT_COLUMN))) {
            Ok(table) if self.knows(table.table()) => self.twice(table.table()),
            Ok(table) => self.tenant.push(table),
            Err(error) => self.invalid = Some(error.to_string()),
        }
        self
    }

    /// Adds a shared table.
    pub fn shared_table(mut self, table: Result<TableName, Error>) -> Self {
        match table {
            Ok(table) if self.knows(&table) => self.twice(&table),
            Ok(table) => self.shared.push(table),
            Err(error) => self.invalid = Some(error.to_string()),
        }
        self
    }

    fn knows(&self, table: &TableName) -> bool {
        self.tenant.iter().any(|t| t.table() == table) || self.shared.contains(table)
    }

    fn twice(&mut self, table: &TableName) {
        self.invalid = Some(format!(
            "the table {table} is declared twice; it is either a tenant's or shared, so leave one"
        ));
    }

    /// Says whether the declaration can hold.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] with what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        match &self.invalid {
            Some(why) => Err(Error::InvalidTenancy { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// The same with every table in a schema: one whose declaration names none is taken to be in
    /// this layout's. So a table that was declared twice, once with its schema, is known.
    pub(crate) fn qualified(&self, layout: &Layout) -> Self {
        self.in_schemas(layout.home(), layout.shared_home())
    }

    /// The same with tenant tables in the one and shared tables in the other.
    pub(crate) fn in_schemas(&self, of_tenants: &str, shared: &str) -> Self {
        let qualify = |table: &TableName, schema: &str| {
            let name = table.name.clone();
            Ok(TableName { schema: table.schema.clone().or_else(|| Some(schema.to_owned())), name })
        };
        let start = Self { key: self.key, invalid: self.invalid.clone(), ..Self::default() };
        let with_tenants = self
            .tenant
            .iter()
            .fold(start, |all, t| all.tenant_table(qualify(&t.table, of_tenants), Some(&t.column)));
        self.shared.iter().fold(with_tenants, |all, table| all.shared_table(qualify(table, shared)))
    }

    /// The same without some of its tables.
    pub(crate) fn without(&self, missing: impl Fn(&TableName) -> bool) -> Self {
        let mut rest = self.clone();
        rest.tenant.retain(|table| !missing(&table.table));
        rest.shared.retain(|table| !missing(table));
        rest
    }

    /// The kind of key that tenants have.
    pub fn key(&self) -> TenantKey {
        self.key
    }

    /// The tables whose rows belong to tenants.
    pub fn tenant_tables(&self) -> &[TenantTable] {
        &self.tenant
    }

    /// The shared tables.
    pub fn shared_tables(&self) -> &[TableName] {
        &self.shared
    }
}
