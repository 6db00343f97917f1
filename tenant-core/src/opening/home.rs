//! Where a pool's tenants live: in its database, in the shared tables or in schemas of their own.

use std::borrow::Cow;

use crate::{
    Error, Layout, Placement, TableName, Tenancy, TenantRecord, TenantTable, quote::quoted,
    quote_literal,
};

/// What a pool opens, and where that looks.
#[derive(Debug, Clone)]
pub(super) struct Home {
    layout: Layout,
    /// Of whoever lives in the shared tables.
    path: String,
    database: String,
    region: Option<String>,
    /// `None` until the declaration is known.
    fixed: Option<Fixed>,
}

/// The declared tenant table that names its schema, and so is never a tenant's own.
type Fixed = Option<TableName>;

impl Home {
    pub(super) fn new(layout: &Layout, database: Option<&str>, region: Option<&str>) -> Self {
        Self {
            layout: layout.clone(),
            path: path(layout),
            database: database.unwrap_or(Placement::MAIN).to_owned(),
            region: region.map(str::to_owned),
            fixed: None,
        }
    }

    pub(super) fn declare(&mut self, tenancy: &Tenancy) {
        let mut tables = tenancy.tenant_tables().iter().map(TenantTable::table);
        self.fixed = Some(tables.find(|table| table.schema().is_some()).cloned());
    }

    pub(super) fn is(&self, database: &str) -> bool {
        self.database == database
    }

    /// Of whoever lives in the shared tables, and of nobody.
    pub(super) fn shared_path(&self) -> &str {
        &self.path
    }

    /// Whether this tenant lives here.
    pub(super) fn check(&self, record: &TenantRecord) -> Result<(), Error> {
        let placement = &record.placement;
        placement.check()?;
        let database = placement.database_name();
        if database != self.database {
            let (tenant, placement) = (record.id.clone(), placement.clone());
            return Err(Error::Elsewhere { tenant, placement, here: self.database.clone() });
        }
        if let (Some(region), Some(found)) = (&record.region, &self.region)
            && region != found
        {
            let (tenant, region) = (record.id.clone(), region.clone());
            let (database, found) = (database.to_owned(), found.clone());
            return Err(Error::WrongRegion { tenant, region, database, found });
        }
        self.path(placement).map(drop)
    }

    /// The role of this tenant's transaction, where its schema has one of its own.
    pub(super) fn role(&self, placement: &Placement) -> Result<Option<String>, Error> {
        match placement.schema_name() {
            Some(schema) if self.layout.has_schema_roles() => {
                let own = self.layout.tenant_schema(schema)?;
                Ok(own.roles().tenant().map(set_role))
            }
            _ => Ok(None),
        }
    }

    /// The statements that say where this tenant's transaction looks.
    ///
    /// PostgreSQL passes over a schema that is not there, so it is asked for: the transaction then
    /// does not open.
    pub(super) fn path(&self, placement: &Placement) -> Result<Cow<'_, str>, Error> {
        let Some(schema) = placement.schema_name() else { return Ok(Cow::Borrowed(&self.path)) };
        let why = match &self.fixed {
            Some(None) => {
                let own = path(&self.layout.tenant_schema(schema)?);
                let name = quote_literal(&quoted(schema));
                return Ok(Cow::Owned(format!("{own}; SELECT {name}::pg_catalog.regnamespace")));
            }
            Some(Some(table)) => format!(
                "the tenant table {table} is declared with its schema, where statements will look \
                 for it, whatever the tenant's own is; declare it without"
            ),
            None => "nobody said which tables there are (`Opening::declared`)".to_owned(),
        };
        Err(Error::InvalidPlacement { why })
    }
}

pub(super) fn set_role(role: &str) -> String {
    format!("; SET LOCAL ROLE {}", quoted(role))
}

fn path(layout: &Layout) -> String {
    format!("; SET LOCAL search_path = {}", layout.path())
}
